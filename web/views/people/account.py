"""`/account`: one's own password, second factor, and where one is signed in."""

from dataclasses import dataclass
from typing import Any

import segno
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user

from db.accounts import passkeys, recovery_codes, sessions, totp, users
from db.errors import Invalid
from db.models import Passkey, Session, User
from web.presentation.formatters import count_text
from web.security import relying_party, sealed_cookie
from web.security.access import can, current_actor, requires
from web.security.permissions import Permission
from web.security.reauthentication import act_with_proof
from web.translation import languages

pages = Blueprint("account", __name__, url_prefix="/account")


@dataclass(frozen=True)
class AccountPage:
    """`here` is the id of the session that asks."""

    user: User
    sessions: list[Session]
    here: int
    passkeys: list[Passkey]
    recovery_codes_left: int

    @property
    def has_password(self) -> bool:
        """Else Entra ID keeps the password, the second factor and the passkeys."""
        return bool(self.user.password_hash)

    @property
    def has_few_recovery_codes(self) -> bool:
        return self.recovery_codes_left <= recovery_codes.FEW_LEFT

    @property
    def why_no_passkeys(self) -> str:
        return relying_party.why_unavailable()

    @property
    def language(self) -> str:
        """Return "" for the one that the browser asks for."""
        return languages.chosen_language() or ""

    @property
    def can_administer(self) -> bool:
        return can(Permission.ADMINISTER)


@pages.get("/")
@requires(Permission.SIGNED_IN)
def page() -> str:
    user = _me()
    account = AccountPage(
        user=user,
        sessions=sessions.of_user(user.id),
        here=_here(),
        passkeys=passkeys.of_user(user.id),
        recovery_codes_left=recovery_codes.count_left(user),
    )
    return render_template("account/page.html", page=account)


@pages.post("/language")
@requires(Permission.SIGNED_IN)
def choose_language() -> Any:
    languages.choose_language(current_user.id, request.form.get("language", ""))
    return redirect(url_for("account.page"), 303)


@pages.post("/password")
@requires(Permission.SIGNED_IN)
def change_password() -> Any:
    """Ends every other session: whoever else knows the old one is out."""

    def act(user: User) -> Any:
        users.change(user, current_actor(), current_session_id=_here(), password=request.form.get("new", ""))
        return _done("The password was changed, and you were signed out everywhere else.")

    return act_with_proof(act)


@pages.post("/entra-id")
@requires(Permission.ADMINISTER)
def link_entra_id() -> Any:
    """Link an admin's own Entra id; another person's is set on their page. Whoever it names can sign in as this
    person.
    """

    def act(user: User) -> Any:
        typed = request.form.get("entra_id", "").strip()
        entra_id = users.parse_entra_id(typed, user) if typed else None
        if entra_id == user.entra_id:
            return _done("Nothing was changed.")
        users.change(user, current_actor(), current_session_id=_here(), entra_id=entra_id)
        return _done("Saved, and you were signed out everywhere else.")

    return act_with_proof(act)


@pages.get("/second-factor")
@requires(Permission.SIGNED_IN)
def set_up() -> Any:
    user = _me()
    if user.totp_secret is not None or not user.password_hash:
        return redirect(url_for("account.page"), 303)
    # The secret that the app was shown, until its first code proves that it has it.
    secret = sealed_cookie.read(_begun(user)).get(_begun(user)) or totp.new_secret()
    sealed_cookie.store({_begun(user): secret})
    address = totp.provisioning_uri(user, secret)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff")
    return render_template("account/second_factor.html", user=user, picture=picture, secret=secret)


@pages.post("/second-factor")
@requires(Permission.SIGNED_IN)
def turn_on() -> Any:
    def act(user: User) -> Any:
        code = request.form.get("code", "")[:20]
        codes = totp.turn_on(user, secret, code, current_actor(), current_session_id=_here())
        sealed_cookie.clear()
        flash("From now on, signing in with your password asks for a code as well.", "success")
        return _shown_once(codes)

    begun = _begun(_me())
    secret = str(sealed_cookie.read(begun).get(begun, ""))
    if not secret:
        flash("That took too long. Begin again.", "warning")
        return redirect(url_for("account.set_up"), 303)
    return act_with_proof(act, otherwise="account.set_up")


@pages.post("/second-factor/off")
@requires(Permission.SIGNED_IN)
def turn_off() -> Any:
    def act(user: User) -> Any:
        totp.turn_off(user, current_actor())
        return _done("Signing in no longer asks for a code.")

    return act_with_proof(act)


@pages.post("/recovery-codes")
@requires(Permission.SIGNED_IN)
def make_recovery_codes() -> Any:
    def act(user: User) -> Any:
        if user.totp_secret is None:
            raise Invalid("Recovery codes stand for codes from an app, and those are off.")
        return _shown_once(recovery_codes.create(user, current_actor()))

    return act_with_proof(act)


def _shown_once(codes: list[str]) -> str:
    """Show recovery codes in this answer alone: nothing keeps them, so no other page can show them again."""
    return render_template("account/recovery_codes.html", codes=codes)


@pages.post("/sessions/<int:session_id>/end")
@requires(Permission.SIGNED_IN)
def end_session(session_id: int) -> Any:
    """End a session of one's own; any other answers like none."""
    if not sessions.end(current_user.id, session_id):
        abort(404)
    flash("That browser is signed out.", "success")
    return redirect(url_for("account.page"), 303)


@pages.post("/sign-out-everywhere")
@requires(Permission.SIGNED_IN)
def sign_out_everywhere() -> Any:
    ended = users.sign_out_everywhere(_me(), current_actor(), but_id=_here())
    sentence = f"Signed out in {count_text(ended, 'other browser')}." if ended else "No other sessions."
    flash(sentence, "success")
    return redirect(url_for("account.page"), 303)


def _done(sentence: str) -> Any:
    flash(sentence, "success")
    return redirect(url_for("account.page"), 303)


def _begun(user: User) -> str:
    """Another person's beginning, or one of long ago, is none."""
    return f"second factor of {user.id}"


def _me() -> User:
    return User.get_by_id(current_user.id)


def _here() -> int:
    return int(current_user.session.id)
