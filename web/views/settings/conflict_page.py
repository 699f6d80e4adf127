"""`/tenants/<id>/conflicts`: settings that two policies of a tenant set differently for the same people or devices."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, islice
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for

from actors.facade.csv_rows import csv_row
from actors.facade.setting_words import SettingWords, setting_words
from db.errors import Invalid
from db.models import Tenant
from db.policies import conflicts
from db.policies.conflicts import ConflictSide, SettingConflict
from db.runs import name_cache
from web.inputs import page_number
from web.lists import filters
from web.lists.list_view import stream_download
from web.lists.numbered_page import NumberedPage
from web.lists.tenant_field import proposed_names, typed_tenant
from web.presentation.formatters import policy_type_title
from web.security.access import fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.translation.sentences import translated
from web.views.settings.setting_lines import value_text

pages = Blueprint("conflicts", __name__)

CONFLICTS_SHOWN = 10
LAST_PAGE = 99
# Rows of a download; no tenant has as many that anybody would go through.
EXPORTED = 2000
COLUMNS = ("setting", "setting id", "for", "certain", "value", "policy", "policy type", "policy id")


@dataclass(frozen=True)
class ConflictPage(NumberedPage):
    tenant: Tenant
    number: int
    found: Sequence[SettingConflict]

    @property
    def conflicts(self) -> Sequence[SettingConflict]:
        return self.found[:CONFLICTS_SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.found) > CONFLICTS_SHOWN

    def address_of(self, number: int) -> str:
        return url_for("conflicts.page", tenant_id=self.tenant.id, page=number)

    @cached_property
    def words(self) -> SettingWords:
        return setting_words([hit.setting.key for hit in self.found], current_language())

    @cached_property
    def _group_names(self) -> Mapping[str, str | None]:
        return name_cache.names_by_id(self.tenant.id, {group for hit in self.found for group in hit.group_ids})

    def title_of(self, hit: SettingConflict) -> str:
        return self.words.title(hit.setting.key, hit.setting.title)

    def targets_of(self, hit: SettingConflict) -> list[str]:
        """Return whom the policies have in common, in words."""
        if not hit.group_ids:
            return [translated("everyone: all users or all devices")]
        return [self._group_names.get(group_id) or group_id for group_id in hit.group_ids]

    def values_of(self, hit: SettingConflict) -> list[tuple[str, list[ConflictSide]]]:
        """Return each value in words, with the policies that set it."""
        by_mark = sorted(hit.sides, key=lambda side: side.mark)
        return [
            (value_text(self.words, hit.setting.key, mark, sides[0].value), sides)
            for mark, sides in ((mark, list(some)) for mark, some in groupby(by_mark, key=lambda side: side.mark))
        ]


@pages.get("/tenants/<tenant_id>/conflicts")
@requires(Permission.SEE)
def page(tenant_id: str) -> str:
    tenant, number = fetch(Tenant, tenant_id, Permission.SEE), page_number(LAST_PAGE)
    begin = number * CONFLICTS_SHOWN
    found = list(islice(conflicts.of_tenant(tenant), begin, begin + CONFLICTS_SHOWN + 1))
    return render_template("settings/conflicts.html", page=ConflictPage(tenant, number, found))


@pages.get("/settings/conflicts")
@requires(Permission.SEE)
def choose() -> Any:
    """Lead to the tenant that was typed, or that lists show; ask for one where there is none."""
    error, tenant = "", filters.asked_tenant()[0]
    if request.args.get("name"):
        try:
            tenant = typed_tenant(request.args["name"], Permission.SEE)
        except Invalid as e:
            error = str(e)
    if tenant and not error:
        return redirect(url_for("conflicts.page", tenant_id=tenant.id), 303)
    names = proposed_names(Permission.SEE)
    return render_template(
        "settings/conflict_choice.html", error=error, names=names, typed=request.args.get("name", "")
    )


@pages.get("/tenants/<tenant_id>/conflicts/export.csv")
@requires(Permission.SEE)
def export(tenant_id: str) -> Response:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    found = ConflictPage(tenant, 0, list(islice(conflicts.of_tenant(tenant), EXPORTED)))
    return stream_download("conflicts.csv", _csv(found))


def _csv(found: ConflictPage) -> Iterator[str]:
    yield csv_row(COLUMNS)
    for hit in found.found:
        targets, certain = "; ".join(found.targets_of(hit)), "yes" if hit.is_certain else "may be"
        for value, sides in found.values_of(hit):
            for side in sides:
                policy = side.policy
                title = policy_type_title(policy.policy_type, policy.odata_type)
                row = (
                    found.title_of(hit),
                    hit.setting.key,
                    targets,
                    certain,
                    value,
                    policy.name,
                    title,
                    policy.graph_id,
                )
                yield csv_row(row)
