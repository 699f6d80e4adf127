"""`/copies/keys/`: the keys that open copies, which stores are sealed to each, and who proved to have one.

Only public halves come here. A proof is the word of a small text that is sealed to the key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for

from actors.copies.recipients import checked_recipients
from actors.recovering import proving
from db.clock import utcnow
from db.copies import recovery_keys
from db.errors import Invalid
from db.models import CopyStore, RecoveryKey
from web.inputs import form_text
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, requires
from web.security.permissions import Permission

MAX_RECIPIENT = 400

pages = Blueprint("recovery_keys", __name__, url_prefix="/copies/keys")


@dataclass(frozen=True)
class KeyRow:
    key: RecoveryKey

    @cached_property
    def stores(self) -> list[CopyStore]:
        return recovery_keys.stores_of(self.key)

    @property
    def is_proven(self) -> bool:
        return recovery_keys.is_proven(self.key, utcnow())

    @property
    def is_asked(self) -> bool:
        """Does a sealed text wait for its word?"""
        return recovery_keys.is_open(self.key, utcnow())


@dataclass(frozen=True)
class KeysPage:
    rows: Sequence[KeyRow]
    is_overdue: bool
    typed: Mapping[str, str] = field(default_factory=dict)


def _keys_page(typed: Mapping[str, str] | None = None) -> str:
    rows = [KeyRow(key) for key in recovery_keys.all_keys()]
    # Those in use first.
    rows.sort(key=lambda row: row.key.retired_at is not None)
    page = KeysPage(rows, recovery_keys.is_overdue(utcnow()), typed or {})
    return render_template("copies/keys.html", page=page)


@pages.get("/")
@requires(Permission.ADMINISTER)
def index() -> str:
    return _keys_page()


@pages.post("/")
@requires(Permission.ADMINISTER)
def add() -> Any:
    """Add the public half of a key that somebody made elsewhere."""
    typed = {"name": form_text("name"), "recipient": form_text("recipient", MAX_RECIPIENT)}
    try:
        recipients = checked_recipients([typed["recipient"]])
        key = recovery_keys.add(typed["name"], recipients[0], current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        # A key that was pasted by mistake is shown to nobody again.
        is_secret = typed["recipient"].upper().startswith("AGE-SECRET-KEY")
        return _keys_page(typed | ({"recipient": ""} if is_secret else {})), 400
    flash("Added. Have it proved now: a key that nobody has opens nothing.", "success")
    return redirect(url_for("recovery_keys.page", key_id=key.id), 303)


def _fetch(key_id: int) -> RecoveryKey:
    key: RecoveryKey | None = RecoveryKey.get_or_none(RecoveryKey.id == key_id)
    return key if key is not None else abort(404)


@pages.get("/<int:key_id>")
@requires(Permission.ADMINISTER)
def page(key_id: int) -> str:
    return render_template("copies/key.html", page=KeyRow(_fetch(key_id)))


@pages.post("/<int:key_id>/ask")
@requires(Permission.ADMINISTER)
def ask(key_id: int) -> Any:
    """Seal a new text to the key, for whoever has it to open."""
    key = _fetch(key_id)
    with refusals_flashed():
        proving.ask_for_proof(key, current_actor())
    return redirect(url_for("recovery_keys.page", key_id=key.id), 303)


@pages.post("/<int:key_id>/prove")
@requires(Permission.ADMINISTER)
def prove(key_id: int) -> Any:
    """Take the word that was in the sealed text."""
    key = _fetch(key_id)
    with refusals_flashed():
        recovery_keys.answer(key, form_text("answer"), current_actor())
        flash("Proved: somebody has this key today.", "success")
    return redirect(url_for("recovery_keys.page", key_id=key.id), 303)


@pages.post("/<int:key_id>/retire")
@requires(Permission.ADMINISTER)
def retire(key_id: int) -> Any:
    key = _fetch(key_id)
    with refusals_flashed():
        recovery_keys.retire(key, current_actor())
        flash("Retired. Nothing new is sealed to it. What is in the stores already still opens with it.", "success")
    return redirect(url_for("recovery_keys.page", key_id=key.id), 303)
