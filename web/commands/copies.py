"""`copies list|add|push|verify|seen|take-back|erase|keep`: the stores that backup sets are copied to."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import click

import config
from actors.copies import recipients
from db import clock, models
from db.copies import copied_contents, copied_sets, erasures, recovery_keys, standing, stores
from db.errors import Invalid
from db.housekeeping import copy_erasure
from db.states import CopyState
from db.tenants import tenants
from web.commands.frame.context import (
    add_commands,
    command_actor,
    json_option,
    open_installation,
    parse_texts,
    print_result,
)

EXAMPLE = '{"access_key": "…", "secret_key": "…"}'
WAIT_SECONDS = 3600.0
LOOK_SECONDS = 0.5
# How keys of age begin; whatever else is a name. A secret one is refused where the public ones are looked at.
PUBLIC_OR_SECRET = ("age1", "age-secret-key")
ERASE_QUESTION = "All that the store has of this tenant goes, for good. Type its directory id to have it deleted"


def register(cli: click.Group) -> None:
    group = click.Group("copies", help="Copies of backup sets outside the installation.")
    add_commands(
        group,
        {
            "list": list_stores,
            "add": add,
            "push": push,
            "verify": verify,
            "seen": seen,
            "take-back": take_back,
            "erase": erase,
            "keep": keep,
        },
    )
    cli.add_command(group)


@json_option
def list_stores(as_json: bool) -> None:
    """List the stores, and how each stands."""
    with open_installation():
        found = stores.all_stores()
        print_result(
            as_json, [_document(store) for store in found], "\n".join(map(_line, found)) or "There is no store."
        )


@click.argument("name")
@click.argument("address")
@click.option(
    "--recipient",
    "keys",
    multiple=True,
    help="A recovery key: its name, or a public half, age1…. None: all keys; Git has none.",
)
@click.option("--days", default=90, show_default=True, help="How long the copy of a set is kept, and locked.")
@click.option("--without-lock", is_flag=True, help="Push also where nothing keeps an admin from deleting copies.")
@click.option("--kilobytes-per-second", type=int, help="Never send faster.")
@click.option(
    "--credentials-stdin", is_flag=True, help='Read what signs in from standard input: {"access_key": "…", …}.'
)
@json_option
def add(
    name: str,
    address: str,
    keys: tuple[str, ...],
    days: int,
    without_lock: bool,
    kilobytes_per_second: int | None,
    credentials_stdin: bool,
    as_json: bool,
) -> None:
    """Add a store: s3://…, azure://…, sftp://…, file:///… or git+https://…. A worker looks at it within seconds."""
    with open_installation():
        store = stores.add(
            name,
            address,
            parse_texts(sys.stdin.buffer.read(), EXAMPLE) if credentials_stdin else {},
            command_actor(),
            copy_days=days,
            needs_lock=not without_lock,
            recipients=recipients.checked_recipients(_public_halves(keys, address)),
            bytes_per_second=kilobytes_per_second * 1024 if kilobytes_per_second else None,
        )
        print_result(as_json, _document(store), f"Added {store.name}. tenantkeep copies list says whether it works.")


def _public_halves(keys: Sequence[str], address: str) -> list[str]:
    """Return the public half of each key that is named; of none: those of all that are not retired."""
    if not keys:
        if stores.is_git(address):
            return []
        return [key.recipient for key in recovery_keys.usable()]
    return [
        key if key.lower().startswith(PUBLIC_OR_SECRET) else recovery_keys.find_by_text(key).recipient for key in keys
    ]


@click.argument("store")
@click.option("--wait", is_flag=True, help="Wait until every set is there. Exit code 1 when one is not.")
@json_option
def push(store: str, wait: bool, as_json: bool) -> None:
    """Push now what is not in the store yet."""
    with open_installation():
        row = stores.find_by_text(store)
        stores.ask(row, command_actor(), "push")
        _tell(row, as_json, wait, lambda now: copied_sets.behind_since(now) is None and now.state_at is not None)


@click.argument("store")
@click.option(
    "--wait", is_flag=True, help="Wait until it was read. Exit code 1 when something is not as it was pushed."
)
@json_option
def verify(store: str, wait: bool, as_json: bool) -> None:
    """Read a sample of the store back, and compare it with what was pushed."""
    with open_installation():
        row = stores.find_by_text(store)
        stores.ask(row, command_actor(), "verify")
        _tell(row, as_json, wait, lambda now: not now.is_verify_asked)


@click.argument("store")
@json_option
def seen(store: str, as_json: bool) -> None:
    """Say that you have looked into what was lost or changed in the store: it is told until then."""
    with open_installation():
        row = stores.find_by_text(store)
        stores.ask(row, command_actor(), "seen")
        now = models.CopyStore.get_by_id(row.id)
        print_result(as_json, _document(now), _line(now))


@click.argument("store")
@json_option
def take_back(store: str, as_json: bool) -> None:
    """Have a store that another installation with this one's name and keys took over. That one stops there then."""
    with open_installation():
        row = stores.find_by_text(store)
        stores.ask(row, command_actor(), "take_back")
        now = models.CopyStore.get_by_id(row.id)
        print_result(as_json, _document(now), f"A worker takes {row.name} back within seconds.")


@click.argument("store")
@click.argument("directory_id")
@click.option("--yes", is_flag=True, help="Do not ask for the directory id again.")
@json_option
def erase(store: str, directory_id: str, yes: bool, as_json: bool) -> None:
    """Delete what a store has of a tenant that was removed. What the store locks goes when its lock ends.

    It begins after TENANTKEEP_DELETION_DAYS; until then `tenantkeep copies keep` takes it back.
    """
    with open_installation():
        row, directory_id = stores.find_by_text(store), tenants.parse_guid(directory_id, "directory id")
        if not yes and click.prompt(ERASE_QUESTION, err=True).strip().lower() != directory_id:
            raise Invalid("That is not its directory id. Nothing is deleted.")
        erasure = copy_erasure.request(row, directory_id, command_actor(), config.settings().deletion_days)
        sentence = f"The copies of {erasure.tenant_name} in {row.name} go from {erasure.due_at:%Y-%m-%d %H:%M} UTC on."
        print_result(as_json, _erasure(erasure), f"{sentence} Take it back with: tenantkeep copies keep")


@click.argument("store")
@click.argument("directory_id")
@json_option
def keep(store: str, directory_id: str, as_json: bool) -> None:
    """Take the deletion of a removed tenant's copies back. What is gone by now stays gone."""
    with open_installation():
        row = stores.find_by_text(store)
        copy_erasure.take_back(row, directory_id.strip().lower(), command_actor())
        document = {"store": row.name, "directory_id": directory_id}
        print_result(as_json, document, f"What {row.name} has of {directory_id} stays.")


def _erasure(erasure: models.CopyErasure) -> dict[str, object]:
    return {
        "directory_id": erasure.directory_id,
        "tenant": erasure.tenant_name,
        "due_at": _moment(erasure.due_at),
        "begun_at": _moment(erasure.begun_at),
        "sets": erasure.sets,
        "contents": erasure.contents,
        "error": erasure.error,
    }


def _tell(row: models.CopyStore, as_json: bool, wait: bool, is_done: Callable[[models.CopyStore], bool]) -> None:
    """Print how the store stands; with `wait`, once it is done or has failed, which is exit code 1."""
    asked_at, until = clock.utcnow(), time.monotonic() + WAIT_SECONDS
    now = models.CopyStore.get_by_id(row.id)
    while wait and not is_done(now) and not _failed_since(now, asked_at) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)
        now = models.CopyStore.get_by_id(row.id)
    print_result(as_json, _document(now), _line(now))
    if wait and not is_done(now):
        sys.exit(1)


def _failed_since(store: models.CopyStore, asked_at: datetime) -> bool:
    # A store that was looked at is due again later; one that is asked for is due at once.
    return bool(store.error and store.tend_at and store.tend_at > asked_at)


def _line(store: models.CopyStore) -> str:
    count, size = copied_contents.totals(store)
    behind = sum(n for state, n in copied_sets.count_by_state(store).items() if state != CopyState.COMPLETE)
    wrong = "; ".join(finding.sentence for finding in standing.of_store(store, clock.utcnow())) or store.error
    said = f", FAILING: {wrong}" if wrong else ""
    return (
        f"{store.id:>4}  {store.name}: {store.address}, lock {store.lock_state}, {count} content(s) of {size} bytes, "
        f"{behind} set(s) not copied yet{said}"
    )


def _document(store: models.CopyStore) -> dict[str, object]:
    count, size = copied_contents.totals(store)
    newest, states = copied_sets.newest(store), copied_sets.count_by_state(store)
    return {
        "id": store.id,
        "name": store.name,
        "address": store.address,
        "is_active": store.is_active,
        "lock": store.lock_state,
        "checked_at": _moment(store.checked_at),
        "verified_at": _moment(store.verified_at),
        "state_at": _moment(store.state_at),
        "newest_copy_at": _moment(newest.copied_at) if newest else None,
        "sets": {str(state): states.get(state, 0) for state in CopyState},
        "contents": count,
        "bytes": size,
        "error": store.error,
        "findings": [finding.why for finding in standing.of_store(store, clock.utcnow())],
        "erasures": [_erasure(erasure) for erasure in erasures.of_store(store)],
    }


def _moment(at: datetime | None) -> str | None:
    return f"{at.isoformat(timespec='seconds')}Z" if at else None
