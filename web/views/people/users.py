"""`/users/`: people and their memberships, for admins."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user

from db.accounts import passkeys, sessions, tag_memberships, totp, users
from db.errors import Invalid
from db.models import Membership, Passkey, Session, TagMembership, User
from db.policies import search
from db.states import Role, SiteRole
from db.tenants import tags
from web.inputs import form_text, page_number, without_nul
from web.lists import tenant_field
from web.lists.numbered_page import NumberedPage
from web.presentation.formatters import count_text
from web.security.access import current_actor, requires
from web.security.permissions import Permission

SHOWN, LAST_PAGE = 25, 999

pages = Blueprint("users", __name__, url_prefix="/users")


@dataclass(frozen=True)
class UsersPage(NumberedPage):
    """`form` is what was typed to add somebody, and refused."""

    users: list[User]
    search: str
    number: int
    has_more: bool
    form: Mapping[str, str]
    site_roles: tuple[SiteRole, ...] = tuple(SiteRole)

    def address_of(self, number: int) -> str:
        return url_for("users.index", page=number, search=self.search or None)


@pages.get("/")
@requires(Permission.ADMINISTER)
def index() -> str:
    return _index()


def _index() -> str:
    number, word = page_number(LAST_PAGE), _searched()
    people = users.some_by_name(word, SHOWN + 1, number * SHOWN)
    page = UsersPage(people[:SHOWN], word, number, len(people) > SHOWN, request.form)
    return render_template("users/index.html", page=page)


def _searched() -> str:
    return without_nul(request.args.get("search", "")).strip()[:100]


@pages.post("/")
@requires(Permission.ADMINISTER)
def add() -> Any:
    form = request.form
    try:
        user = users.add(
            form_text("email"),
            form_text("name"),
            form.get("password", ""),
            current_actor(),
            site_role=_site_role(form.get("site_role", SiteRole.NONE)),
        )
    except Invalid as e:
        flash(str(e), "danger")
        return _index(), 400
    flash(f"{user.name} was added. Give them a role in a tenant below.", "success")
    return redirect(url_for("users.page", user_id=user.id), 303)


@dataclass(frozen=True)
class UserPage(NumberedPage):
    """`search` narrows the memberships by the tenant's name; `typed` are the fields of a role, typed and refused."""

    user: User
    memberships: list[Membership]
    membership_count: int
    search: str
    number: int
    has_more: bool
    sessions: list[Session]
    passkeys: list[Passkey]
    by_tag: list[TagMembership]
    typed: Mapping[str, str]
    roles: tuple[Role, ...] = tuple(Role)
    site_roles: tuple[SiteRole, ...] = tuple(SiteRole)

    @property
    def tenant_names(self) -> list[str]:
        return tenant_field.proposed_names(Permission.ADMINISTER)

    @cached_property
    def tags(self) -> Mapping[str, str]:
        return tags.known(None)

    @cached_property
    def tenants_by_tag(self) -> Mapping[str, int]:
        """Tag, folded -> how many tenants have it now."""
        return tag_memberships.count_tenants([membership.folded for membership in self.by_tag])

    def address_of(self, number: int) -> str:
        asked = url_for("users.page", user_id=self.user.id, page=number, search=self.search or None)
        return f"{asked}#tenants"

    @property
    def is_own(self) -> bool:
        return bool(self.user.id == current_user.id)

    @property
    def can_turn_off_codes(self) -> bool:
        return bool(self.user.totp_secret) and not self.is_own


@pages.get("/<int:user_id>")
@requires(Permission.ADMINISTER)
def page(user_id: int) -> str:
    return _user_page(_user(user_id))


def _user_page(user: User) -> str:
    number, word = page_number(LAST_PAGE), _searched()
    named = search.tenant_name_matches(word) if word else None
    memberships = users.some_memberships(user, named, SHOWN + 1, number * SHOWN)
    user_page = UserPage(
        user=user,
        memberships=memberships[:SHOWN],
        membership_count=users.count_memberships(user),
        search=word,
        number=number,
        has_more=len(memberships) > SHOWN,
        sessions=sessions.of_user(user.id),
        passkeys=passkeys.of_user(user.id),
        by_tag=tag_memberships.of_user(user),
        typed=request.form,
    )
    return render_template("users/page.html", page=user_page)


@pages.post("/<int:user_id>")
@requires(Permission.ADMINISTER)
def change(user_id: int) -> Any:
    user, form = _user(user_id), request.form
    changes: dict[str, Any] = {
        "name": form_text("name") or user.name,
        "site_role": _site_role(form.get("site_role", user.site_role)),
        "is_active": form.get("is_active") == "yes",
    }
    changes = {name: value for name, value in changes.items() if getattr(user, name) != value}
    if form.get("password"):
        changes["password"] = form["password"]
    try:
        changes |= _entra_id(user, form.get("entra_id"))
        _refuse_ones_own(user, not changes.keys().isdisjoint({"password", "entra_id"}))
        users.change(user, current_actor(), **changes)
    except Invalid as e:
        flash(str(e), "danger")
    else:
        flash("Saved." if changes else "Nothing was changed.", "success")
    return redirect(url_for("users.page", user_id=user.id), 303)


@pages.post("/<int:user_id>/sign-out")
@requires(Permission.ADMINISTER)
def sign_out(user_id: int) -> Any:
    """Everywhere, at once: for a lost laptop, or a person who leaves."""
    ended = users.sign_out_everywhere(_user(user_id), current_actor())
    flash(f"Signed out in {count_text(ended, 'browser')}." if ended else "They have no active sessions.", "success")
    return redirect(url_for("users.page", user_id=user_id), 303)


@pages.post("/<int:user_id>/second-factor/off")
@requires(Permission.ADMINISTER)
def turn_off_second_factor(user_id: int) -> Any:
    """Turn codes off for somebody who lost the phone; ask them first who they are."""
    user = _user(user_id)
    try:
        _refuse_ones_own(user, True)
    except Invalid as e:
        flash(str(e), "danger")
    else:
        totp.turn_off(user, current_actor())
        flash("Signing in no longer asks them for a code.", "success")
    return redirect(url_for("users.page", user_id=user_id), 303)


@pages.post("/<int:user_id>/memberships")
@requires(Permission.ADMINISTER)
def set_membership(user_id: int) -> Any:
    user = _user(user_id)
    if request.form.get("role") not in set(Role):
        abort(400)
    try:
        tenant = tenant_field.typed_tenant(request.form.get("tenant", ""), Permission.ADMINISTER)
    except Invalid as e:
        flash(str(e), "danger")
        return _user_page(user), 400
    users.set_member(user, tenant, Role(request.form["role"]), current_actor())
    flash(f"{user.name} is {request.form['role']} of {tenant.name}.", "success")
    return redirect(url_for("users.page", user_id=user.id), 303)


@pages.post("/<int:user_id>/memberships/<int:membership_id>/remove")
@requires(Permission.ADMINISTER)
def remove_membership(user_id: int, membership_id: int) -> Any:
    mine = (Membership.id == membership_id) & (Membership.user == _user(user_id))
    membership = Membership.get_or_none(mine)
    if membership is None:
        abort(404)
    users.remove_member(membership, current_actor())
    flash("The membership was removed.", "success")
    return redirect(url_for("users.page", user_id=user_id), 303)


@pages.post("/<int:user_id>/tag-memberships")
@requires(Permission.ADMINISTER)
def set_tag_membership(user_id: int) -> Any:
    user, role = _user(user_id), request.form.get("role")
    if role not in set(Role):
        abort(400)
    try:
        tag = tags.parse_one(without_nul(request.form.get("tag", "")))
        tag_memberships.set_role(user, tag, Role(role), current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        return _user_page(user), 400
    flash(f"{user.name} is {role} of every tenant tagged {tag}, now and later. Only admins set that tag.", "success")
    return redirect(url_for("users.page", user_id=user.id), 303)


@pages.post("/<int:user_id>/tag-memberships/<int:tag_membership_id>/remove")
@requires(Permission.ADMINISTER)
def remove_tag_membership(user_id: int, tag_membership_id: int) -> Any:
    user = _user(user_id)
    membership = tag_memberships.find(tag_membership_id, user)
    if membership is None:
        abort(404)
    tag_memberships.remove(membership, current_actor())
    flash("The role by tag was removed.", "success")
    return redirect(url_for("users.page", user_id=user_id), 303)


def _refuse_ones_own(user: User, touches_what_guards_it: bool) -> None:
    """Raises Invalid: a browser that an admin left open must not be enough to take their account over."""
    if touches_what_guards_it and user.id == current_user.id:
        raise Invalid("Change that of your own on your account page: it asks for your password.")


def _user(user_id: int) -> User:
    user = users.find_by_id(user_id)
    if user is None:
        abort(404)
    return user


def _entra_id(user: User, text: str | None) -> dict[str, str | None]:
    """Return the change of the Entra id, {} when there is none. Raises Invalid."""
    entra_id = None if not text or not text.strip() else users.parse_entra_id(text, user)
    return {} if text is None or entra_id == user.entra_id else {"entra_id": entra_id}


def _site_role(text: str) -> SiteRole:
    if text not in set(SiteRole):
        abort(400)
    return SiteRole(text)
