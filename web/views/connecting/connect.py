"""`/tenants/connect`: the ways to connect a tenant, and what is still on its way. For admins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

import config
from actors.connecting import new_connections
from actors.connecting.new_connections import NewTenant
from actors.tenants import credential_change
from actors.tenants.credential_change import NewCredential
from db.errors import Invalid
from db.models import ConsentRequest, Tenant
from db.states import AppAccess, CredentialKind
from db.tenants import connections, consents, shared_apps, tags
from web.inputs import form_text, page_number
from web.lists.numbered_page import NumberedPage
from web.security.access import current_actor, requires
from web.security.permissions import Permission
from web.views.connecting.links import MadeLink

pages = Blueprint("connect", __name__, url_prefix="/tenants/connect")

CLOUDS = ("global", "usgov", "usdod", "china")
SHOWN, LAST_PAGE = 25, 999


@dataclass(frozen=True)
class ConnectPage(NumberedPage):
    """`given` is what was typed and refused; `number` is of the page of both lists."""

    given: Mapping[str, str] = field(default_factory=dict)
    number: int = 0

    @property
    def can_read(self) -> bool:
        return shared_apps.find("global", AppAccess.READ) is not None

    @property
    def can_write(self) -> bool:
        return shared_apps.find("global", AppAccess.WRITE) is not None

    @property
    def is_federated(self) -> bool:
        return bool(config.settings().federated_token_file)

    @cached_property
    def _requests(self) -> list[ConsentRequest]:
        return consents.waiting(SHOWN + 1, self.number * SHOWN)

    @cached_property
    def _tenants(self) -> list[Tenant]:
        return connections.waiting(SHOWN + 1, self.number * SHOWN)

    @property
    def requests(self) -> list[ConsentRequest]:
        return self._requests[:SHOWN]

    @property
    def tenants(self) -> list[Tenant]:
        return self._tenants[:SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return max(len(self._requests), len(self._tenants)) > SHOWN

    def address_of(self, number: int) -> str:
        return url_for("connect.page", page=number)

    clouds: tuple[str, ...] = CLOUDS


@pages.get("")
@requires(Permission.ADMINISTER)
def page() -> str:
    return render_template("connecting/page.html", page=ConnectPage(number=page_number(LAST_PAGE)))


def _refused(error: Invalid) -> Any:
    flash(str(error), "danger")
    given = {name: value for name, value in request.form.items() if name != "secret"}
    return render_template("connecting/page.html", page=ConnectPage(given)), 400


@pages.post("/link")
@requires(Permission.ADMINISTER)
def make_link() -> Any:
    """Show the links at once, and never again: only their hashes are kept."""
    try:
        wanted = (
            [AppAccess.READ, AppAccess.WRITE] if request.form.get("access") == AppAccess.WRITE else [AppAccess.READ]
        )
        if len(wanted) > 1 and not form_text("directory_id"):
            raise Invalid("To ask for writing as well, name the directory: both links have to be of the same one.")
        new = _new_tenant()
        for access in wanted:
            new_connections.our_app(new.cloud, access)
        made = [MadeLink.of(*new_connections.ask(new, access, current_actor())) for access in wanted]
    except Invalid as e:
        return _refused(e)
    return render_template("connecting/links.html", links=made, days=consents.LINK_VALID_FOR.days)


def _new_tenant() -> NewTenant:
    """Raises Invalid."""
    cloud = form_text("cloud") or "global"
    if cloud not in CLOUDS:
        raise Invalid("Choose one of Microsoft's clouds.")
    return NewTenant(
        form_text("name", 1000), form_text("directory_id", 100), tags.parse(form_text("tags", 1000)), cloud
    )


@pages.post("/own")
@requires(Permission.ADMINISTER)
def add_with_own_app() -> Any:
    try:
        new = _new_tenant()
        if not new.directory_id:
            raise Invalid("Name the directory: its id is on the overview page of the tenant's Entra admin center.")
        tenant = new_connections.add_with_own_app(new, form_text("client_id", 100), _credential(new), current_actor())
    except Invalid as e:
        return _refused(e)
    return redirect(url_for("connecting.page", tenant_id=tenant.id), 303)


def _credential(new: NewTenant) -> NewCredential:
    """Raises Invalid."""
    kind = request.form.get("kind", "")
    if kind == CredentialKind.SECRET:
        return credential_change.parse_secret(request.form.get("secret", ""), _last_day(form_text("expires")))
    if kind == CredentialKind.CERTIFICATE:
        return credential_change.make_new_certificate(f"Tenantkeep for {new.name}"[:60])
    if kind in (CredentialKind.FEDERATED, CredentialKind.MANAGED_IDENTITY):
        return credential_change.without_secret(CredentialKind(kind))
    raise Invalid("Choose how to sign in: with a certificate, a secret, or the machine's own identity.")


def _last_day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text[:10])
    except ValueError as e:
        raise Invalid("Give the day on which the secret ends as 2028-06-30, or leave it empty.") from e
