"""`/copies/`: the stores that backup sets are copied to, what is there, and what to do where one fails.

No page speaks to a store: what is asked for here, a worker does within seconds, and writes down what came of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from actors.copies.recipients import checked_recipients
from db.clock import utcnow
from db.copies import copied_contents, copied_sets, erasures, recovery_keys, standing, stores
from db.copies.erasures import RemovedTenant
from db.copies.standing import StoreFinding
from db.errors import Invalid
from db.models import CopiedSet, CopyStore, RecoveryKey
from db.states import CopyState
from web.inputs import form_text, is_same_name, without_nul
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, requires
from web.security.permissions import Permission

SHOWN_SETS = 12
MAX_KEY = 10_000

pages = Blueprint("copies", __name__, url_prefix="/copies")


@dataclass(frozen=True)
class StoreKind:
    title: str
    example: str
    # (name, label, whether it has many lines)
    credentials: Sequence[tuple[str, str, bool]]


KINDS: Mapping[str, StoreKind] = {
    "s3": StoreKind(
        "S3",
        "s3://bucket/prefix?region=eu-central-1",
        (
            ("access_key", "Access key", False),
            ("secret_key", "Secret key", False),
            ("session_token", "Session token, if there is one", False),
        ),
    ),
    "azure": StoreKind(
        "Azure Blob Storage",
        "azure://account/container/prefix",
        (("account_key", "Account key", False), ("sas_token", "Or else a SAS token", False)),
    ),
    "sftp": StoreKind(
        "SFTP",
        "sftp://user@host/path?host_key=SHA256:…",
        (
            ("password", "Password", False),
            ("private_key", "Or a private key", True),
            ("passphrase", "Passphrase of the private key", False),
        ),
    ),
    "file": StoreKind("Folder", "file:///mnt/copies", ()),
    "git": StoreKind(
        "Git, for reading",
        "git+https://host/policies.git?branch=main",
        (
            ("token", "Token, for https", False),
            ("username", "User name of the token, where the server wants one", False),
            ("private_key", "Private key, for ssh", True),
            ("passphrase", "Passphrase of the private key", False),
        ),
    ),
}
# An old installation may have hundreds: the page shows those whose deletion was asked for, and some more.
MOST_REMOVED = 20
REMOVED = {
    False: "Removed. What is in the store stays there, and can be recovered with the recovery key.",
    True: "Removed. What is in the repository stays there.",
}


@dataclass(frozen=True)
class StoreRow:
    store: CopyStore

    @cached_property
    def newest(self) -> CopiedSet | None:
        return copied_sets.newest(self.store)

    @cached_property
    def findings(self) -> list[StoreFinding]:
        return standing.of_store(self.store, utcnow())

    @cached_property
    def counts(self) -> dict[CopyState, int]:
        return copied_sets.count_by_state(self.store)

    @property
    def behind(self) -> int:
        """The number of sets that are not there yet."""
        return sum(count for state, count in self.counts.items() if state != CopyState.COMPLETE)

    @cached_property
    def totals(self) -> tuple[int, int]:
        return copied_contents.totals(self.store)

    @property
    def is_git(self) -> bool:
        return stores.is_git(self.store.address)

    @property
    def kind(self) -> str:
        return KINDS[stores.kind_of(self.store.address)].title


@dataclass(frozen=True)
class StorePage(StoreRow):
    sets: Sequence[CopiedSet] = ()

    @cached_property
    def removed_ids(self) -> Sequence[str]:
        """The directory ids of tenants that are no longer here."""
        return erasures.removed_directories(self.store)

    @property
    def removed(self) -> Sequence[RemovedTenant]:
        return erasures.removed_tenants(self.store, self.removed_ids[:MOST_REMOVED])

    @property
    def more_removed(self) -> int:
        """The number of those that the page does not show."""
        return len(self.removed_ids[MOST_REMOVED:])

    @property
    def keys(self) -> Sequence[RecoveryKey]:
        """The recovery keys that it is sealed to."""
        return [key for key in recovery_keys.all_keys() if key.recipient in self.store.recipients]

    @property
    def credentials(self) -> Sequence[tuple[str, str, bool]]:
        return KINDS[stores.kind_of(self.store.address)].credentials


@dataclass(frozen=True)
class NewStorePage:
    kind: str
    typed: Mapping[str, str] = field(default_factory=dict)
    # The public halves that were ticked or typed; None: nobody chose yet.
    recipients: Sequence[str] | None = None

    @cached_property
    def keys(self) -> Sequence[RecoveryKey]:
        return recovery_keys.usable()

    @property
    def chosen_keys(self) -> set[str]:
        """The public halves that are ticked: all, until somebody chose."""
        return {key.recipient for key in self.keys} if self.recipients is None else set(self.recipients)

    @property
    def other_keys(self) -> str:
        known = {key.recipient for key in self.keys}
        return " ".join(recipient for recipient in self.recipients or () if recipient not in known)

    @property
    def kinds(self) -> Mapping[str, StoreKind]:
        return KINDS

    @property
    def is_git(self) -> bool:
        """Such a store is not sealed, locks nothing and keeps everything: nothing of it is asked."""
        return self.kind == stores.GIT

    @property
    def chosen(self) -> StoreKind:
        return KINDS[self.kind]


@pages.get("/")
@requires(Permission.ADMINISTER)
def index() -> str:
    return render_template("copies/page.html", rows=[StoreRow(store) for store in stores.all_stores()])


@pages.get("/new")
@requires(Permission.ADMINISTER)
def new() -> str:
    kind = request.args.get("kind", "s3")
    return render_template("copies/new.html", page=NewStorePage(kind if kind in KINDS else "s3"))


@pages.post("/")
@requires(Permission.ADMINISTER)
def add() -> Any:
    """Add a store. What was typed stays where something is wrong with it, but for what signs in."""
    kind = form_text("kind")
    typed = {name: form_text(name, stores.MAX_ADDRESS) for name in ("name", "address", "copy_days", "rate")}
    typed |= {"needs_lock": form_text("needs_lock")}
    recipients = without_nul(" ".join(request.form.getlist("recipients")))[:MAX_KEY].split()
    try:
        _require_kind(typed["address"], kind)
        store = stores.add(
            typed["name"],
            typed["address"],
            _credentials(kind),
            current_actor(),
            copy_days=_days(typed["copy_days"], typed["address"]),
            needs_lock=typed["needs_lock"] == "yes",
            recipients=checked_recipients(recipients),
            bytes_per_second=_rate(typed["rate"]),
        )
    except Invalid as e:
        flash(str(e), "danger")
        page = NewStorePage(kind if kind in KINDS else "s3", typed, [] if _is_secret(recipients) else recipients)
        return render_template("copies/new.html", page=page), 400
    flash("Added. It is looked at now: whether it works, and whether it locks.", "success")
    return redirect(url_for("copies.page", store_id=store.id), 303)


def fetch_store(store_id: int) -> CopyStore:
    store: CopyStore | None = CopyStore.get_or_none(CopyStore.id == store_id)
    return store if store is not None else abort(404)


@pages.get("/<int:store_id>")
@requires(Permission.ADMINISTER)
def page(store_id: int) -> str:
    store = fetch_store(store_id)
    return render_template("copies/store.html", page=StorePage(store, copied_sets.of_store(store, SHOWN_SETS)))


@pages.post("/<int:store_id>")
@requires(Permission.ADMINISTER)
def change(store_id: int) -> Any:
    store = fetch_store(store_id)
    with refusals_flashed():
        stores.change(
            store,
            current_actor(),
            name=form_text("name"),
            copy_days=_days(form_text("copy_days"), store.address),
            needs_lock=form_text("needs_lock") == "yes",
            bytes_per_second=_rate(form_text("rate")),
            is_active=form_text("is_active") == "yes",
            credentials=_credentials(stores.kind_of(store.address)),
        )
    return redirect(url_for("copies.page", store_id=store.id), 303)


@pages.post("/<int:store_id>/ask")
@requires(Permission.ADMINISTER)
def ask(store_id: int) -> Any:
    """Ask a worker to check, verify or push, or say that one has looked into what was lost or changed there."""
    store = fetch_store(store_id)
    what = form_text("what")
    if what in stores.ASKED:
        stores.ask(store, current_actor(), what)
        if what != "seen":
            flash("A worker does it now. This page then says what came of it.", "success")
    return redirect(url_for("copies.page", store_id=store.id), 303)


@pages.post("/<int:store_id>/remove")
@requires(Permission.ADMINISTER)
def remove(store_id: int) -> Any:
    store = fetch_store(store_id)
    if not is_same_name(form_text("typed_name"), store.name):
        flash(f"Type the name of the store to remove it: {store.name}. Nothing was removed.", "danger")
        return redirect(url_for("copies.page", store_id=store.id), 303)
    with refusals_flashed():
        stores.remove(store, current_actor())
        flash(REMOVED[stores.is_git(store.address)], "success")
        return redirect(url_for("copies.index"), 303)
    return redirect(url_for("copies.page", store_id=store.id), 303)


def _is_secret(recipients: Sequence[str]) -> bool:
    """Tell whether a key itself was pasted in the place of its public half: it is shown to nobody again."""
    return any(recipient.upper().startswith("AGE-SECRET-KEY") for recipient in recipients)


def _require_kind(address: str, kind: str) -> None:
    """Raises Invalid where the address is of another kind of store than was chosen: another form asks other things."""
    found = KINDS[stores.kind_of(stores.checked_address(address))]
    if found is not KINDS.get(kind):
        raise Invalid(f"This is an address of another kind of store: choose “{found.title}” above.")


def _credentials(kind: str) -> dict[str, str]:
    names = KINDS[kind].credentials if kind in KINDS else ()
    given = {name: form_text(name, MAX_KEY) for name, _, _ in names}
    return {name: value for name, value in given.items() if value}


def _days(text: str, address: str) -> int:
    """Return the days that a copy is kept; of a Git store, which keeps all, how long we remember a push.

    Raises Invalid, of an address that is none before anything else: the form of a Git store asks for no days.
    """
    stores.checked_address(address)
    return stores.REMEMBERED_DAYS if stores.is_git(address) and not text else _number(text, "days")


def _number(text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid(f"Give a whole number of {what}.")
    return int(text)


def _rate(text: str) -> int | None:
    """Return bytes a second from what was typed in kilobytes; None for nothing: as fast as it goes."""
    return _number(text, "kilobytes a second") * 1024 if text else None
