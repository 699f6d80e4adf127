"""`/installation/apps`: our own app registrations, to which tenants consent, and their credentials. For admins.

A private key is never on a page: what is shown of a certificate is its public part.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for

import actors.tenants.credential_change
import actors.tenants.shared_app_change
import config
from actors.facade import app_setup
from actors.facade.app_setup import SetupScripts
from actors.tenants.credential_change import NewCredential
from db.errors import Invalid
from db.models import SharedApp, SharedAppCredential
from db.states import AppAccess, CredentialKind, SharedPlace
from db.tenants import shared_apps
from web.inputs import form_text
from web.security.access import current_actor, requires
from web.security.permissions import Permission
from web.views.tenants import credential_form

pages = Blueprint("shared_apps", __name__, url_prefix="/installation/apps")

# Where Microsoft's consent page leads back to: an app registration names it to the letter.
RETURN_PATH = "/connect/return"
CLOUDS = ("global", "usgov", "usdod", "china")
SCRIPTS = {"ps1": "powershell", "sh": "azure_cli", "json": "manifest"}


@dataclass(frozen=True)
class SharedAppPart:
    """One of the two apps: to read, or to write."""

    cloud: str
    access: AppAccess

    @cached_property
    def app(self) -> SharedApp | None:
        return shared_apps.find_begun(self.cloud, self.access)

    @property
    def is_to_read(self) -> bool:
        return self.access == AppAccess.READ

    @property
    def is_named(self) -> bool:
        return bool(self.app and self.app.client_id)

    @cached_property
    def credentials(self) -> list[SharedAppCredential]:
        return shared_apps.credentials_of(self.app) if self.app else []

    @property
    def following(self) -> SharedAppCredential | None:
        return next((row for row in self.credentials if row.place == SharedPlace.NEXT), None)

    @cached_property
    def certificate(self) -> str:
        """The public part of the certificate to upload: the next one's, else the current one's."""
        for place in (SharedPlace.NEXT, SharedPlace.CURRENT):
            for row in self.credentials:
                if row.place == place and row.kind == CredentialKind.CERTIFICATE:
                    return shared_apps.public_certificate(row)
        return ""

    @property
    def thumbprint(self) -> str:
        return app_setup.thumbprint(self.certificate) if self.certificate else ""

    @property
    def tenants(self) -> int:
        return shared_apps.count_tenants(self.app) if self.app and self.is_named else 0

    @property
    def scripts(self) -> SetupScripts:
        return app_setup.write_scripts(
            f"Tenantkeep {self.access}",
            self.access,
            self.cloud,
            certificate_pem=self.certificate,
            redirect_uri=return_address(),
        )


@dataclass(frozen=True)
class SharedAppsPage:
    cloud: str
    parts: tuple[SharedAppPart, ...]
    clouds: tuple[str, ...] = CLOUDS
    has_token_file: bool = False

    @property
    def return_address(self) -> str:
        return return_address()


def return_address() -> str:
    """Return the redirect URI of our apps."""
    return (config.settings().public_url or request.host_url.rstrip("/")) + RETURN_PATH


@pages.get("")
@requires(Permission.ADMINISTER)
def page() -> str:
    return _page()


def _page() -> str:
    cloud = _cloud()
    parts = tuple(SharedAppPart(cloud, access) for access in AppAccess)
    page = SharedAppsPage(cloud, parts, has_token_file=bool(config.settings().federated_token_file))
    return render_template("installation/shared_apps.html", page=page)


def _cloud() -> str:
    cloud = request.values.get("cloud", "")
    return cloud if cloud in CLOUDS else CLOUDS[0]


def _access() -> AppAccess:
    return AppAccess.WRITE if request.values.get("access") == AppAccess.WRITE else AppAccess.READ


def _done(act: Callable[[], str]) -> Any:
    try:
        flash(act(), "success")
    except Invalid as e:
        flash(str(e), "danger")
        return _page(), 400
    return redirect(url_for("shared_apps.page", cloud=_cloud(), _anchor=_access()), 303)


def _require_app() -> SharedApp:
    app = shared_apps.find_begun(_cloud(), _access())
    if app is None:
        raise Invalid(f"There is no app of ours to {_access()} yet.")
    return app


@pages.post("/name")
@requires(Permission.ADMINISTER)
def name_app() -> Any:
    def act() -> str:
        client_id, directory_id = form_text("client_id", 100), form_text("directory_id", 100)
        app = shared_apps.set_app(_cloud(), _access(), client_id, directory_id, current_actor())
        return f"Tenants can consent to {shared_apps.subject(app)}, once its credential signed in."

    return _done(act)


@pages.post("/new-certificate")
@requires(Permission.ADMINISTER)
def make_certificate() -> Any:
    def act() -> str:
        actors.tenants.shared_app_change.make_certificate(_cloud(), _access(), current_actor())
        return "The certificate is made. Upload its public part to Entra, then try it. The one before stays in force."

    return _done(act)


@pages.post("/credential")
@requires(Permission.ADMINISTER)
def give_credential() -> Any:
    def act() -> str:
        new: NewCredential = credential_form.read()
        credential = actors.tenants.shared_app_change.give(_cloud(), _access(), new, current_actor())
        return _tried(credential.app)

    return _done(act)


@pages.post("/try")
@requires(Permission.ADMINISTER)
def try_credential() -> Any:
    return _done(lambda: _tried(_require_app()))


def _tried(app: SharedApp) -> str:
    if actors.tenants.shared_app_change.try_next(app):
        return "It is being tried. Once it signed in, it is in force; if it is refused, the reason stands here."
    return "It is kept. The queue cannot be reached just now: try it again in a moment."


@pages.post("/forget")
@requires(Permission.ADMINISTER)
def forget_credential() -> Any:
    def act() -> str:
        place = form_text("place", 10)
        if place not in (SharedPlace.NEXT, SharedPlace.PREVIOUS):
            raise Invalid("Say which credential: the next or the previous.")
        credential = shared_apps.find_at(_require_app(), SharedPlace(place))
        if credential is None or not shared_apps.forget(credential, current_actor()):
            raise Invalid(f"There is no {place} credential.")
        return f"The {place} credential is gone."

    return _done(act)


@pages.post("/remove")
@requires(Permission.ADMINISTER)
def remove_app() -> Any:
    def act() -> str:
        app = _require_app()
        shared_apps.remove_app(app, current_actor())
        return "It is gone here, with its credentials. Remove the app registration in Entra."

    return _done(act)


@pages.get("/certificate.pem")
@requires(Permission.ADMINISTER)
def download_certificate() -> Response:
    part = SharedAppPart(_cloud(), _access())
    return _file(f"tenantkeep-{part.access}.pem", part.certificate, 200 if part.certificate else 404)


@pages.get("/setup")
@requires(Permission.ADMINISTER)
def download_script() -> Response:
    part, ending = SharedAppPart(_cloud(), _access()), request.args.get("for", "")
    ending = ending if ending in SCRIPTS else "ps1"
    return _file(f"tenantkeep-{part.access}.{ending}", getattr(part.scripts, SCRIPTS[ending]))


def _file(name: str, text: str, status: int = 200) -> Response:
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(text, status, headers, mimetype="text/plain")
