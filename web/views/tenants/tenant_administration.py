"""`/tenants/<id>/administration`: a tenant's credential, its name, switching it off, and removing it. For admins."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from markupsafe import Markup

import actors.tenants.credential_change
import config
from actors.queue.enqueue import EnqueuedRun
from db.errors import Invalid
from db.housekeeping import tenant_removal, tenant_switch
from db.models import Credential, Run, Tenant
from db.runs import run_history
from db.states import AppAccess, CredentialPlace, RunKind
from db.tenants import credentials, shared_apps, tenants
from web.inputs import is_same_name
from web.presentation import run_messages
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.views.tenants import credential_form
from web.views.tenants.tenant_page import credential

pages = Blueprint("tenant_administration", __name__, url_prefix="/tenants")

RUNS_SHOWN = 5


@dataclass(frozen=True)
class AdministrationPage:
    """`following` waits to be tried, `previous` is kept for a while; `under_way` counts the tenant's active runs."""

    tenant: Tenant
    following: Credential | None
    previous: Credential | None
    # With which live restores alone sign in, and the one that is to take its place.
    writing: Credential | None
    writing_next: Credential | None
    has_read_app: bool
    has_write_app: bool
    has_token_file: bool
    runs: list[Run]
    under_way: int
    kept_days: int = credentials.KEEP_FOR.days

    @property
    def credential(self) -> Markup:
        return credential(self.tenant)


@pages.get("/<tenant_id>/administration")
@requires(Permission.ADMINISTER)
def page(tenant_id: str) -> str:
    return _page(_tenant(tenant_id))


def _tenant(tenant_id: str) -> Tenant:
    tenant: Tenant = fetch(Tenant, tenant_id, Permission.ADMINISTER)
    return tenant


def _page(tenant: Tenant) -> str:
    tried = (Run.tenant == tenant) & (Run.kind == RunKind.CREDENTIAL)
    page = AdministrationPage(
        tenant=tenant,
        following=credentials.find_at(tenant, CredentialPlace.NEXT),
        previous=credentials.find_at(tenant, CredentialPlace.PREVIOUS),
        writing=credentials.find_at(tenant, CredentialPlace.WRITE),
        writing_next=credentials.find_at(tenant, CredentialPlace.WRITE_NEXT),
        has_read_app=shared_apps.find(tenant.cloud, AppAccess.READ) is not None,
        has_write_app=shared_apps.find(tenant.cloud, AppAccess.WRITE) is not None,
        has_token_file=bool(config.settings().federated_token_file),
        runs=run_history.newest_runs(tried, RUNS_SHOWN),
        under_way=len(tenant_switch.active_runs(tenant)),
    )
    return render_template("tenants/administration.html", page=page)


def _done(tenant: Tenant, act: Callable[[], str]) -> Any:
    """Do it, say so, and go back to the page; what is refused is said there. Nothing that was typed is shown again."""
    try:
        flash(act(), "success")
    except Invalid as e:
        flash(str(e), "danger")
        return _page(tenant), 400
    return redirect(url_for("tenant_administration.page", tenant_id=tenant.id), 303)


def _started(tenant: Tenant, act: Callable[[], EnqueuedRun]) -> Any:
    try:
        return run_messages.answer_start(act(), url_for("tenant_administration.page", tenant_id=tenant.id))
    except Invalid as e:
        flash(str(e), "danger")
        return _page(tenant), 400


@pages.post("/<tenant_id>/credential")
@requires(Permission.ADMINISTER)
def give_credential(tenant_id: str) -> Any:
    tenant, client_id = _tenant(tenant_id), request.form.get("client_id", "")[:100]
    return _started(
        tenant,
        lambda: actors.tenants.credential_change.submit(
            tenant, credential_form.read(), current_actor(), client_id=client_id, access=_access()
        ),
    )


def _access() -> AppAccess:
    """Return what the credential is for: to read, unless the form is that of the one that only writes."""
    return AppAccess.WRITE if request.form.get("access") == AppAccess.WRITE else AppAccess.READ


@pages.post("/<tenant_id>/credential/try-again")
@requires(Permission.ADMINISTER)
def try_credential_again(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)
    return _started(tenant, lambda: actors.tenants.credential_change.try_again(tenant, current_actor(), _access()))


@pages.post("/<tenant_id>/credential/switch-back")
@requires(Permission.ADMINISTER)
def switch_credential_back(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)
    return _started(tenant, lambda: actors.tenants.credential_change.switch_back(tenant, current_actor()))


@pages.post("/<tenant_id>/credential/forget")
@requires(Permission.ADMINISTER)
def forget_credential(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)

    def act() -> str:
        place = request.form.get("place", "")
        if place not in list(CredentialPlace):
            raise Invalid("Say which credential: the next or the previous.")
        actors.tenants.credential_change.forget(tenant, CredentialPlace(place), current_actor())
        return f"The {credentials.place_word(place)} credential is gone."

    return _done(tenant, act)


@pages.post("/<tenant_id>/rename")
@requires(Permission.ADMINISTER)
def rename(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)

    def act() -> str:
        tenants.rename(tenant, request.form.get("name", "")[:1000], current_actor())
        return f"It is called {tenant.name} from now on."

    return _done(tenant, act)


@pages.post("/<tenant_id>/switch-off")
@requires(Permission.ADMINISTER)
def switch_off(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)

    def act() -> str:
        cancelled = tenant_switch.switch_off(tenant, current_actor())
        return f"Switched off. Runs being cancelled: {cancelled}. What is kept stays."

    return _done(tenant, act)


@pages.post("/<tenant_id>/disconnect")
@requires(Permission.ADMINISTER)
def disconnect(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)

    def act() -> str:
        tenant_switch.disconnect(tenant, current_actor())
        return f"{tenant.name} is disconnected: its credentials are gone, its backups stay. Remove the app there too."

    return _done(tenant, act)


@pages.post("/<tenant_id>/switch-on")
@requires(Permission.ADMINISTER)
def switch_on(tenant_id: str) -> Any:
    tenant = _tenant(tenant_id)

    def act() -> str:
        tenant_switch.switch_on(tenant, current_actor())
        return "Switched on. Its schedules go on."

    return _done(tenant, act)


@pages.post("/<tenant_id>/remove")
@requires(Permission.ADMINISTER)
def remove(tenant_id: str) -> Any:
    """The scheduler does it, a few rows at a time; see db/housekeeping/tenant_removal.py."""
    tenant = _tenant(tenant_id)

    def act() -> str:
        if not is_same_name(request.form.get("name", ""), tenant.name):
            raise Invalid(f"Type the name of the tenant to remove it: {tenant.name}. Nothing was removed.")
        due_at = tenant_removal.request(tenant, current_actor(), config.settings().deletion_days)
        if due_at is None:
            return f"{tenant.name} is being removed, with all that is kept of it."
        return f"{tenant.name} goes on {due_at:%Y-%m-%d %H:%M} UTC. Until then its removal can be taken back."

    return _done(tenant, act)


@pages.post("/<tenant_id>/keep")
@requires(Permission.MANAGE)
def keep(tenant_id: str) -> Any:
    """Take the request to remove it back."""
    tenant: Tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        tenant_removal.take_back(tenant, current_actor())
        flash("It stays, with all its backups.", "success")
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)
