"""`/tenants/choose`: the one place where a person says which tenant the lists show."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from db.models import Tenant
from db.names import finder
from db.policies import search
from db.tenants import tags, tenants
from web.inputs import without_nul
from web.lists import opened_lately, preferences
from web.presentation.links import safe_redirect_path
from web.security.access import allowed_tenant_ids, fetch, requires
from web.security.permissions import Permission

pages = Blueprint("tenant_choice", __name__, url_prefix="/tenants/choose")

SHOWN = 50


@dataclass(frozen=True)
class ChoicePage:
    """`following` is where the choice leads back to."""

    tenants: list[Tenant]
    has_more: bool
    search: str
    following: str
    chosen: Tenant | None

    @cached_property
    def tags(self) -> dict[int, list[str]]:
        """Tenant id -> its tags."""
        return tags.names_by_tenant([tenant.id for tenant in self.tenants])


@pages.get("")
@requires(Permission.SEE)
def page() -> str:
    """Show a page of its own, or with `part` what the frame shows over another page."""
    word = without_nul(request.args.get("search", "")).strip()[:100]
    tenants_found = _find_tenants(word)
    template = "tenants/_choice.html" if request.args.get("part") else "tenants/choose.html"
    page = ChoicePage(
        tenants=tenants_found[:SHOWN],
        has_more=len(tenants_found) > SHOWN,
        search=word,
        following=safe_redirect_path(request.args.get("next")),
        chosen=preferences.chosen_tenant(),
    )
    return render_template(template, page=page)


def _find_tenants(word: str) -> list[Tenant]:
    ids = allowed_tenant_ids(Permission.SEE)
    if not word:
        lately = finder.rows_by_id(
            Tenant, [number for kind, number in opened_lately.things() if kind == opened_lately.TENANT], ids
        )
        others = tenants.by_name(ids, True, SHOWN + 1)
        return [*lately.values(), *(tenant for tenant in others if tenant.id not in lately)][: SHOWN + 1]
    return tenants.by_name(ids, search.tenant_name_matches(word) | tags.has_tag(tags.fold(word)), SHOWN + 1)


@pages.post("")
@requires(Permission.SEE)
def choose() -> Any:
    tenant_id, following = request.form.get("tenant", ""), safe_redirect_path(request.form.get("next"))
    tenant = fetch(Tenant, tenant_id, Permission.SEE) if tenant_id else None
    preferences.choose_tenant(tenant)
    own = url_for("tenants.page", tenant_id=tenant.id) if tenant else url_for("admin.index")
    return redirect(following or own, 303)
