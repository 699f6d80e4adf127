"""`/tenants/<id>/connecting`: the story of a tenant that is being connected, to its first backup. For admins."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from markupsafe import Markup

from actors.connecting import connect, new_connections
from actors.facade import app_setup
from actors.facade.app_setup import SetupScripts
from db.errors import Invalid
from db.models import ConsentRequest, Run, RunItem, Tenant
from db.runs import run_history, run_items
from db.states import ACTIVE, AppAccess, CredentialKind, RunKind
from db.tenants import connections, consents, shared_apps, tenants
from web.inputs import form_text
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.views.backups.run_page import progress_of
from web.views.connecting.links import MadeLink

pages = Blueprint("connecting", __name__, url_prefix="/tenants")

FILES = {"powershell": "make-app.ps1", "azure-cli": "make-app.sh", "certificate": "tenantkeep.pem"}


@dataclass(frozen=True)
class StoryPage:
    tenant: Tenant

    @cached_property
    def run(self) -> Run | None:
        return self._newest(RunKind.CONNECT)

    @cached_property
    def backup(self) -> Run | None:
        return self._newest(RunKind.BACK_UP)

    def _newest(self, kind: RunKind) -> Run | None:
        is_of = (Run.tenant == self.tenant) & (Run.kind == kind) & Run.parent.is_null()
        return next(iter(run_history.newest_runs(is_of, 1)), None)

    @property
    def requests(self) -> list[ConsentRequest]:
        return consents.of_tenant(self.tenant)

    @property
    def is_moving(self) -> bool:
        """Does something come by itself?"""
        is_asked = bool(self.requests) and self.run is None and not self.tenant.is_active
        return is_asked or any(run is not None and run.state in ACTIVE for run in (self.run, self.backup))

    @property
    def is_waiting(self) -> bool:
        return connections.is_waiting(self.tenant)

    @property
    def has_app(self) -> bool:
        return new_connections.has_app(self.tenant)

    @property
    def has_credential(self) -> bool:
        return self.tenant.credential_kind != CredentialKind.NONE

    @property
    def can_try_again(self) -> bool:
        is_busy = self.run is not None and self.run.state in ACTIVE
        return not self.tenant.is_active and self.has_credential and self.has_app and not is_busy

    @property
    def can_ask(self) -> list[AppAccess]:
        """List the accesses that our own apps could ask the tenant's administrator for."""
        wanted = [AppAccess.WRITE] if self.tenant.is_active else [AppAccess.READ]
        return [access for access in wanted if shared_apps.find(self.tenant.cloud, access)]

    @property
    def progress(self) -> Markup:
        """The run that is under way, or the one that says why it did not go on."""
        shown = self.backup if self.tenant.is_active and self.backup else self.run
        return progress_of(shown) if shown else Markup("")

    @property
    def permissions(self) -> list[RunItem]:
        """Each policy type, and what may be done with it."""
        if self.run is None:
            return []
        own = (connect.CONNECTION_ITEM, connect.BACKUP_ITEM)
        return [item for item in run_items.of_run(self.run) if item.policy_type not in own and item.outcome]

    @cached_property
    def certificate(self) -> str:
        """The public part of the certificate that was made here."""
        if self.tenant.credential_kind != CredentialKind.CERTIFICATE:
            return ""
        return tenants.credential_values(self.tenant).get("certificate", "")

    @cached_property
    def scripts(self) -> SetupScripts | None:
        """Scripts that make the app registration, as long as it is not named yet."""
        if self.has_app or not self.has_credential:
            return None
        return app_setup.write_scripts(
            "Tenantkeep", AppAccess.READ, self.tenant.cloud,
            directory_id=self.tenant.directory_id, certificate_pem=self.certificate,
        )  # fmt: skip

    @property
    def script_texts(self) -> list[tuple[str, str]]:
        scripts = self.scripts
        return [("PowerShell", scripts.powershell), ("Azure", scripts.azure_cli)] if scripts else []


def _tenant(tenant_id: str) -> Tenant:
    tenant: Tenant = fetch(Tenant, tenant_id, Permission.ADMINISTER)
    return tenant


@pages.get("/<tenant_id>/connecting")
@requires(Permission.ADMINISTER)
def page(tenant_id: str) -> str:
    return render_template("connecting/story.html", page=StoryPage(_tenant(tenant_id)))


@pages.get("/<tenant_id>/connecting/files/<file>")
@requires(Permission.ADMINISTER)
def download(tenant_id: str, file: str) -> Response:
    """A script that makes the app registration, or the public part of the certificate."""
    story = StoryPage(_tenant(tenant_id))
    texts = {"certificate": story.certificate}
    if story.scripts:
        texts |= {"powershell": story.scripts.powershell, "azure-cli": story.scripts.azure_cli}
    if not texts.get(file):
        abort(404)
    answer = Response(texts[file], mimetype="text/plain")
    answer.headers["Content-Disposition"] = f"attachment; filename={FILES[file]}"
    return answer


@pages.post("/<tenant_id>/connecting/app")
@requires(Permission.ADMINISTER)
def name_app(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)
    return _went_on(tenant, lambda: new_connections.name_app(tenant, form_text("client_id", 100), current_actor()))


@pages.post("/<tenant_id>/connecting/again")
@requires(Permission.ADMINISTER)
def try_again(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)
    return _went_on(tenant, lambda: connect.start(tenant, current_actor()))


@pages.post("/<tenant_id>/connecting/link")
@requires(Permission.ADMINISTER)
def ask(tenant_id: str) -> Any:
    """Show a new link at once: to connect the tenant, or to let live restores write."""
    tenant = _tenant(tenant_id)
    access = AppAccess.WRITE if request.form.get("access") == AppAccess.WRITE else AppAccess.READ
    try:
        made = MadeLink.of(*new_connections.ask_of_tenant(tenant, access, current_actor()))
    except Invalid as e:
        flash(str(e), "danger")
        return render_template("connecting/story.html", page=StoryPage(tenant)), 400
    return render_template("connecting/links.html", links=[made], days=consents.LINK_VALID_FOR.days)


def _went_on(tenant: Tenant, act: Callable[[], object]) -> Any:
    try:
        act()
    except Invalid as e:
        flash(str(e), "danger")
        return render_template("connecting/story.html", page=StoryPage(tenant)), 400
    return redirect(url_for("connecting.page", tenant_id=tenant.id), 303)
