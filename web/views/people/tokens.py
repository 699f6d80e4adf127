"""`/tokens`: what programs sign in to the API with. A person makes and ends their own; an admin sees and ends all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_login import current_user

from db.accounts import api_tokens
from db.clock import utcnow
from db.errors import Invalid
from db.models import ApiToken, Tenant, User
from db.states import Scope
from db.tenants import tags, tenants
from web.inputs import form_text, page_number, without_nul
from web.lists import tenant_field
from web.lists.numbered_page import NumberedPage
from web.security.access import can, current_actor, requires
from web.security.permissions import Permission
from web.security.reauthentication import prove_anyone

pages = Blueprint("tokens", __name__, url_prefix="/tokens")

SHOWN, LAST_PAGE = 15, 999
# Of the tenants that a token is limited to, so many are named.
NAMED = 3
MAX_LIST_LENGTH = 20_000
# Scope -> what it opens, as the form says.
SCOPES = {
    Scope.READ: "Read everything that you see, secrets masked",
    Scope.START: "Sync, capture, back up, preview restores, and cancel: nothing that writes to a tenant",
    Scope.MANAGE: "Decide about changes, and put them back",
    Scope.RESTORE: "Approve and execute live restores, as your role, the second person and the guard allow",
    Scope.AUDIT: "Read the audit log",
}


@dataclass(frozen=True)
class TokensPage(NumberedPage):
    """`found` is one more than are shown where there are more. `form` is what was typed, for a token that could not be
    made; `made` and `token` are of the one that was just made.
    """

    user: User
    found: Sequence[ApiToken]
    number: int
    form: Mapping[str, Any]
    made: ApiToken | None = None
    token: str = ""
    scopes: tuple[tuple[Scope, str], ...] = tuple(SCOPES.items())
    max_days: int = api_tokens.MAX_DAYS

    @property
    def sees_all(self) -> bool:
        return can(Permission.ADMINISTER)

    @property
    def needs_proof(self) -> bool:
        """Does the form ask for the password? Whom Entra ID keeps has none here: a new sign-in is their proof."""
        return bool(self.user.password_hash)

    @cached_property
    def tenant_names(self) -> Mapping[int, str]:
        ids = {tenant_id for row in self.rows for tenant_id in row.tenants or ()}
        return tenants.names_by_id(sorted(tenant_id for tenant_id in ids if can(Permission.SEE, tenant_id)))

    @property
    def rows(self) -> Sequence[ApiToken]:
        return self.found[:SHOWN]

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return len(self.found) > SHOWN

    def address_of(self, number: int) -> str:
        return url_for("tokens.index", page=number)

    def limits_of(self, row: ApiToken) -> list[str]:
        """Return the names of the tenants, the first few of them, and the tags that the token is limited to."""
        names = [self.tenant_names[tenant_id] for tenant_id in row.tenants or () if tenant_id in self.tenant_names]
        more = [gettext("%(count)s more", count=len(names) - NAMED)] if len(names) > NAMED else []
        return [*names[:NAMED], *more, *(f"#{tag}" for tag in row.tags or ())]

    def is_limited(self, row: ApiToken) -> bool:
        return row.tenants is not None or row.tags is not None

    def is_alive(self, row: ApiToken) -> bool:
        return row.ended_at is None and row.expires_at > utcnow()


@pages.get("/")
@requires(Permission.SIGNED_IN)
def index() -> str:
    return _page({"scope": [Scope.READ], "days": api_tokens.DEFAULT_DAYS})


@pages.post("/")
@requires(Permission.SIGNED_IN)
def make() -> Any:
    """Make a token of one's own, and show it: this once."""
    form = {
        name: without_nul(request.form.get(name, ""))[:MAX_LIST_LENGTH] for name in ("name", "tenants", "tags", "days")
    }
    typed = {**form, "scope": request.form.getlist("scope")}
    try:
        user = prove_anyone()
        row, token = api_tokens.make(
            user,
            form["name"],
            typed["scope"],
            _typed_tenants(form["tenants"]),
            [tags.fold(tag) for tag in tags.parse(form["tags"])] or None,
            _typed_days(),
            current_actor(),
        )
    except Invalid as e:
        flash(str(e), "danger")
        return _page(typed), 400
    return _page({"scope": [Scope.READ], "days": api_tokens.DEFAULT_DAYS}, row, token)


def _typed_tenants(text: str) -> list[Tenant] | None:
    """Read tenants, one a line. Raises Invalid."""
    lines = [line for line in text.splitlines() if line.strip()]
    return [tenant_field.typed_tenant(line, Permission.SEE) for line in lines[: api_tokens.MAX_TENANTS + 1]] or None


def _typed_days() -> int:
    days = form_text("days", 10)
    if not days.isascii() or not days.isdigit():
        raise Invalid(f"A token lasts 1 to {api_tokens.MAX_DAYS} days.")
    return int(days)


@pages.post("/<int:token_id>/end")
@requires(Permission.SIGNED_IN)
def end(token_id: int) -> Any:
    """End one's own token, or as an admin anybody's."""
    row = api_tokens.find_by_id(token_id)
    if row is None or (row.user_id != current_user.id and not can(Permission.ADMINISTER)):
        abort(404)
    api_tokens.end(row, current_actor())
    flash(f"The token “{row.name}” opens nothing any more.", "success")
    return redirect(url_for("tokens.index"), 303)


def _page(form: Mapping[str, Any], made: ApiToken | None = None, token: str = "") -> str:
    whose, number = None if can(Permission.ADMINISTER) else current_user.id, page_number(LAST_PAGE)
    found = api_tokens.listed(whose, SHOWN + 1, number * SHOWN)
    return render_template("tokens/page.html", page=TokensPage(_me(), found, number, form, made, token))


def _me() -> User:
    return User.get_by_id(current_user.id)
