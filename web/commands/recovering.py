"""`recover`, `recovery-key`: an installation from nothing but a store of copies and a recovery key, and such keys."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from actors.copies import recipients as public_keys
from actors.copies.stores import opening, store
from actors.recovering import key_file, proving
from actors.recovering import recover as recovering
from actors.recovering import source as copy_source
from db import models
from db.copies import recovery_keys, stores
from db.errors import Invalid
from web import inputs
from web.commands.frame.context import (
    add_commands,
    command_actor,
    json_option,
    open_installation,
    parse_texts,
    print_result,
)

KEY = "recovery_key"
EXAMPLE = '{"recovery_key": "AGE-SECRET-KEY-1…", "access_key": "…"}'
SHOWN = 20


key_file_option = click.option(
    "--key-file",
    "key_path",
    type=click.Path(path_type=Path),
    help="The recovery key, as age-keygen writes it; or sealed by `age -p`.",
)


def register(cli: click.Group) -> None:
    add_commands(cli, {"recover": recover})
    group = click.Group("recovery-key", help="The keys that open copies, and are never in the database.")
    add_commands(group, {"new": new, "show": show, "prove": prove, "check": check, "retire": retire})
    cli.add_command(group)


@click.argument("address", metavar="STORE")
@key_file_option
@click.option("--credentials-file", type=click.Path(path_type=Path), help='What signs in: {"access_key": "…", …}.')
@click.option("--stdin", "is_piped", is_flag=True, help='Read both from standard input: {"recovery_key": "…", …}.')
@click.option("--signer", help="The store's signer, as you wrote it down. Nothing that another signed is taken.")
@click.option("--as-of", help="Bring back what was there at this time (UTC), not the newest: 2026-11-27T03:15.")
@click.option("--list", "is_list", is_flag=True, help="Show what is there, and change nothing.")
@json_option
def recover(
    address: str,
    key_path: Path | None,
    credentials_file: Path | None,
    is_piped: bool,
    signer: str | None,
    as_of: str | None,
    is_list: bool,
    as_json: bool,
) -> None:
    """Bring a whole installation back into this one, which must be empty. Run it again after it was broken off."""
    moment = _moment(as_of) if as_of else None
    address = stores.checked_address(address)
    if stores.is_git(address):
        raise Invalid(stores.NOT_FOR_RECOVERY)
    key, credentials = _secrets(address, key_path, credentials_file, is_piped)
    identities = key_file.identities_in(key, _ask_passphrase)
    with open_installation():
        try:
            opened = opening.open_store(address, stores.checked_credentials(address, credentials))
            try:
                source = copy_source.CopySource(opened, identities, signer)
                if is_list:
                    _print_list(source, as_json)
                    return
                with _progress() as tell:
                    result = recovering.recover(source, address, command_actor(), tell, moment)
            finally:
                opened.close()
        except store.StoreError as e:
            raise Invalid(
                f"{e.sentence} Run the same command again: it goes on." if e.is_passing else e.sentence
            ) from e
        print_result(as_json, _document(result), _text(result))
    sys.exit(2 if result.lost_contents or result.unproved or result.audit_problems else 0)


@click.argument("name", required=False)
@click.option("--recipient", help="The public half (age1…) of a key that you made elsewhere, as with age-keygen.")
@json_option
def new(name: str | None, recipient: str | None, as_json: bool) -> None:
    """Make a recovery key, or add one by its public half. A new one is shown once: print it, and lay it into a safe."""
    key, public = (None, recipient.strip()) if recipient else proving.new_key()
    with open_installation():
        [public] = public_keys.checked_recipients([public])
        row = recovery_keys.add(name or recovery_keys.free_name(), public, command_actor())
        document = {"id": row.id, "name": row.name, "public_key": public}
    if key is None:
        print_result(as_json, document, f"Added {row.name}. Have it proved: tenantkeep recovery-key prove {row.id}")
        return
    text = f"""\
Recovery key, shown this once: print it, or lay it into a safe. Nobody can make it again.

  {key}

Its public half, for the stores that copies are pushed to, is kept here as “{row.name}”:

  {public}
"""
    print_result(as_json, {KEY: key, **document}, text)


@json_option
def show(as_json: bool) -> None:
    """List the recovery keys: which stores are sealed to each, and when somebody last proved to have it."""
    with open_installation():
        keys = recovery_keys.all_keys()
        lines = [_key_line(key) for key in keys] or ["There is no recovery key: tenantkeep recovery-key new"]
        print_result(as_json, [_key_document(key) for key in keys], "\n".join(lines))


@click.argument("name", metavar="KEY")
@key_file_option
@click.option("--key-stdin", "is_piped", is_flag=True, help="Read the recovery key from standard input.")
@click.option("--ask", "is_asking", is_flag=True, help="Print a small text that is sealed to the key, and end.")
@click.option("--word", help="The word that was in the sealed text, which `age -d` opens where the key is.")
@json_option
def prove(name: str, key_path: Path | None, is_piped: bool, is_asking: bool, word: str | None, as_json: bool) -> None:
    """Prove that somebody still has the key: by the key, of which nothing is kept, or by a text sealed to it."""
    with open_installation():
        key = recovery_keys.find_by_text(name)
        if is_asking:
            sealed = proving.ask_for_proof(key, command_actor())
            print_result(as_json, {"key": key.name, "sealed": sealed}, sealed.rstrip("\n"))
            return
        if word is not None:
            recovery_keys.answer(key, word, command_actor())
        else:
            proving.prove_held(key, _asked_identities(key_path, is_piped), command_actor())
        key = recovery_keys.find_by_text(str(key.id))
        print_result(as_json, _key_document(key), f"Proved: somebody has “{key.name}” today.")


@click.argument("name", metavar="KEY")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
@json_option
def retire(name: str, is_sure: bool, as_json: bool) -> None:
    """Seal nothing new to a key. What is in the stores already opens with it as before."""
    with open_installation():
        key = recovery_keys.find_by_text(name)
        if not is_sure:
            click.confirm(f"Seal nothing new to “{key.name}”?", abort=True, err=True)
        recovery_keys.retire(key, command_actor())
        key = recovery_keys.find_by_text(str(key.id))
        print_result(as_json, _key_document(key), f"Retired {key.name}. What is in the stores still opens with it.")


def _key_document(key: models.RecoveryKey) -> dict[str, Any]:
    moments = {name: getattr(key, name) for name in ("created_at", "proven_at", "retired_at")}
    return {
        "id": key.id,
        "name": key.name,
        "public_key": key.recipient,
        "stores": [sealed.name for sealed in recovery_keys.stores_of(key)],
        **{name: f"{at.isoformat(timespec='seconds')}Z" if at else None for name, at in moments.items()},
    }


def _key_line(key: models.RecoveryKey) -> str:
    stores_of_it = ", ".join(sealed.name for sealed in recovery_keys.stores_of(key)) or "no store"
    proved = f"proved {key.proven_at:%Y-%m-%d}" if key.proven_at else "never proved"
    ended = f", retired {key.retired_at:%Y-%m-%d}" if key.retired_at else ""
    return f"{key.id:>4}  {key.name}: {key.recipient}, {stores_of_it}, {proved}{ended}"


def _asked_identities(key_path: Path | None, is_piped: bool) -> list[object]:
    """Return the key from standard input, a file, or whoever sits there."""
    if is_piped:
        return key_file.identities_in(sys.stdin.buffer.read(), _refuse_sealed)
    return key_file.identities_in(_read(key_path) if key_path else _ask_key(), _ask_passphrase)


def _ask_key() -> bytes:
    text: str = click.prompt("Recovery key", hide_input=True, err=True)
    return text.encode("utf-8", "surrogateescape")


def _ask_passphrase() -> str:
    passphrase: str = click.prompt("Passphrase of the key file", hide_input=True, err=True)
    return passphrase


def _refuse_sealed() -> str:
    raise Invalid("A passphrase seals this key, and standard input is taken. Give the file with --key-file.")


@click.argument("name", metavar="STORE")
@key_file_option
@click.option("--key-stdin", "is_piped", is_flag=True, help="Read the recovery key from standard input.")
@json_option
def check(name: str, key_path: Path | None, is_piped: bool, as_json: bool) -> None:
    """Prove that the recovery key you hold opens what a store has now. Do it once a year, from the safe."""
    with open_installation():
        row = stores.find_by_text(name)
        identities = _asked_identities(key_path, is_piped)
        try:
            proof = proving.prove(row, identities, command_actor())
        except store.StoreError as e:
            raise Invalid(e.sentence) from e
        document = {"store": row.name, "state": proof.state_at.isoformat(), "set": proof.set_number}
        document |= {"contents": proof.contents, "unproved": proof.not_taken}
        opened = f"the state of {proof.state_at:%Y-%m-%d %H:%M} UTC"
        opened += f", set {proof.set_number} and {proof.contents} of its contents" if proof.set_number else ""
        lines = [f"The key opens {row.name}: {opened}.", *(f"NOT TAKEN: {text}" for text in proof.not_taken[:SHOWN])]
        print_result(as_json, document, "\n".join(lines))


def _moment(text: str) -> datetime:
    try:
        return inputs.read_time(text)
    except ValueError:
        raise Invalid("Give a time as 2026-11-27T03:15. It is UTC unless you say otherwise, as in +01:00.") from None


def _secrets(
    address: str, key_path: Path | None, credentials_file: Path | None, is_piped: bool
) -> tuple[bytes, dict[str, str]]:
    """Return what opens the copies, and what signs in to the store. None of it is ever an argument."""
    found = parse_texts(sys.stdin.buffer.read(), EXAMPLE) if is_piped else {}
    if credentials_file is not None:
        found |= parse_texts(_read(credentials_file), EXAMPLE)
    key = found.pop(KEY, "").encode("utf-8", "surrogateescape")
    if key_path is not None:
        key = _read(key_path)
    elif not key and not is_piped:
        key = _ask_key()
    if credentials_file is None and not is_piped:
        for name in sorted(stores.CREDENTIALS[stores.kind_of(address)]):
            found[name] = click.prompt(name, default="", hide_input=True, show_default=False, err=True)
    return key, found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as e:
        raise Invalid(f"{path} cannot be read: {e.strerror}.") from e


class _progress:  # noqa: N801 - used as a function
    """A line on a terminal that says how far it is; nothing elsewhere."""

    def __enter__(self) -> recovering.Tell:
        self._shows = sys.stderr.isatty()
        return self._tell

    def __exit__(self, *_error: object) -> None:
        if self._shows:
            click.echo("", err=True)

    def _tell(self, what: str, done: int, total: int) -> None:
        if self._shows:
            click.echo(f"\r\x1b[K{what}: {done:,} of {total:,}", nl=False, err=True)


def _print_list(source: copy_source.CopySource, as_json: bool) -> None:
    states, sets = source.states(), source.sets()
    document = {
        "installation": source.first.installation,
        "signer": source.first.signer,
        "recipients": list(source.first.recipients),
        "states": [at.isoformat() for at, _ in states],
        "sets": [{"tenant": place.directory_id, "set": place.number} for place in sets],
    }
    lines = [
        f"Installation {source.first.installation}, signed by {source.first.signer}",
        f"{len(states)} state(s); {len(sets)} set(s) of {len({place.directory_id for place in sets})} tenant(s)",
        *(f"  {at:%Y-%m-%d %H:%M:%S} UTC" for at, _ in states),
    ]
    print_result(as_json, document, "\n".join(lines))


NEXT_STEPS = (
    "Compare the signer with what you wrote down beside the recovery key.",
    "tenantkeep doctor; then sign in: everybody signs in anew.",
    "tenantkeep tenant check for each tenant. Its credential came along; one that was changed since is entered anew.",
    "Stop the old installation for good. Then resume the schedules and roll-outs, which are all paused.",
    "Say of each standard again how many policies it puts back by itself in a day: none, until then.",
    "Switch the stores of copies on again, which are all off, or add a new one.",
    "A tenant that was added after the state has no credential and is switched off: give it one.",
)


def _document(result: recovering.Recovery) -> Mapping[str, Any]:
    return {
        "installation": result.installation,
        "signer": result.signer,
        "state": result.made_at,
        "rows": result.rows,
        "ended_runs": result.ended_runs,
        "contents": result.contents,
        "newer_sets": result.sets,
        "unproved": result.unproved,
        "sets_left_away": result.left_away,
        "lost_contents": result.lost_contents,
        "lost": [vars(policy) for policy in result.lost],
        "erased": result.erased,
        "audit_problems": result.audit_problems,
        "next": list(NEXT_STEPS),
    }


def _text(result: recovering.Recovery) -> str:
    lines = [f"Installation {result.installation}, signed by {result.signer}."]
    if result.made_at:
        lines += [f"Brought back the state of {result.made_at} UTC: {result.rows} rows."]
    lines += [f"Brought back {result.contents} content(s), and {result.sets} set(s) that are newer than the state."]
    if result.ended_runs:
        lines += [f"{result.ended_runs} run(s) were under way then, and ended here as failed."]
    lines += [f"NOT TAKEN: {text}" for text in result.unproved]
    if result.left_away:
        lines += [
            f"NOT BROUGHT BACK: {result.left_away} set(s) of the store: sets were deleted here since the recovery, "
            "and these may be among them. They come back in a recovery into a new database."
        ]
    lines += [
        f"LOST: {policy.tenant}, {policy.policy_type}, {policy.name}, captured {policy.captured_at}: {policy.why}"
        for policy in result.lost[:SHOWN]
    ]
    lines += [
        f"ERASED: {count} content(s) of {directory_id}, whose copies in this store were deleted on purpose after this "
        "state. Remove that tenant again."
        for directory_id, count in result.erased.items()
    ]
    if len(result.lost) > SHOWN:
        lines += [f"LOST: {len(result.lost) - SHOWN} more; --json names all."]
    audit = result.audit_problems
    lines += [f"The audit log: {'; '.join(audit) if audit else 'nothing is changed and nothing is missing'}.", "Next:"]
    return "\n".join([*lines, *(f"- {step}" for step in NEXT_STEPS)])
