"""Signing in and out."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_login import UserMixin, login_user, logout_user

from db import audit, users
from db.audit import Action, Actor
from db.models import User
from db.states import Result
from web.access import current_actor, requires
from web.permissions import Permission
from web.views.links import local

pages = Blueprint("sign_in", __name__)


class Person(UserMixin):
    """The signed-in user, as Flask-Login wants one."""

    def __init__(self, user: User) -> None:
        self._user = user

    def __getattr__(self, name: str) -> Any:
        return getattr(self._user, name)

    @property
    def is_active(self) -> bool:
        return bool(self._user.is_active)

    def get_id(self) -> str:
        return str(self._user.id)


@pages.get("/sign-in")
@requires(Permission.PUBLIC)
def sign_in() -> str:
    return render_template("sign_in.html", next=local(request.args.get("next")))


@pages.post("/sign-in")
@requires(Permission.PUBLIC)
def enter() -> Any:
    email, following = request.form.get("email", ""), local(request.form.get("next"))
    user = users.check_password(email[:255], request.form.get("password", ""))
    if user is None:
        audit.record(
            Action.SIGN_IN, Actor(email[:255] or "(nobody)", address=request.remote_addr), "session",
            result=Result.REFUSED,
        )  # fmt: skip
        flash("This e-mail address and password do not belong together.", "danger")
        return render_template("sign_in.html", next=following, email=email), 401
    # A session that existed before the sign-in may be someone else's making.
    session.clear()
    session.permanent = True
    session["epoch"] = user.session_epoch
    login_user(Person(user))
    audit.record(Action.SIGN_IN, Actor.person(user, request.remote_addr), "session")
    return redirect(following or url_for("admin.index"), 303)


@pages.post("/sign-out")
@requires(Permission.SIGNED_IN)
def leave() -> Any:
    audit.record(Action.SIGN_OUT, current_actor(), "session")
    logout_user()
    session.clear()
    return redirect(url_for("sign_in.sign_in"), 303)
