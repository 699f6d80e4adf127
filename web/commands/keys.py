"""`keys new`, `keys show` and `keys rotate`."""

import base64
import secrets

import click
from flask.cli import AppGroup

from db.encryption import keyring
from db.installation import key_rotation
from web.commands.context import actor, answer, as_json, opened


def register(cli: AppGroup) -> None:
    group = AppGroup("keys", help="The keys that credentials and contents are sealed with.")
    group.command("new", with_appcontext=False)(new)
    group.command("show", with_appcontext=False)(show)
    group.command("rotate", with_appcontext=False)(rotate)
    cli.add_command(group)


def new() -> None:
    """Print a fresh key for TENANTKEEP_ENCRYPTION_KEYS. It is kept nowhere."""
    click.echo(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


@as_json
def show(as_json: bool) -> None:
    """Which keys there are, by their ids, how much each seals, and which processes know them."""
    with opened():
        counts, known = key_rotation.count_by_key(), keyring().ids
        live = key_rotation.live_processes()
        lines = [f"{key}  {_role(key, known):<8} seals {count} value(s)" for key, count in counts.items()]
        lines += [f"{one.kind} {one.process} knows {one.keys or 'none'}" for one in live]
        processes = [{"kind": one.kind, "process": one.process, "keys": (one.keys or "").split(",")} for one in live]
        keys = [{"id": key, "role": _role(key, known), "values": count} for key, count in counts.items()]
        answer(as_json, {"keys": keys, "processes": processes}, "\n".join(lines))


def _role(key: str, known: tuple[str, ...]) -> str:
    if key not in known:
        return "missing"
    return "newest" if key == known[0] else "older"


@as_json
def rotate(as_json: bool) -> None:
    """Seal everything with the newest key, while Tenantkeep runs. Safe to stop and to start again."""
    with opened():
        count = key_rotation.rotate(actor())
        left = [f"{one.kind} {one.process}" for one in key_rotation.processes_sealing_with_another_key()]
        document = {"resealed": count, "older_keys_in_use_by": left}
        answer(as_json, document, f"Sealed {count} value(s) again. {_what_next(left)}")


def _what_next(left: list[str]) -> str:
    if left:
        return f"Still sealing with an older key: {', '.join(left)}. Put the new key in front there, then rotate again."
    older = keyring().ids[1:]
    return f"No longer needed: {', '.join(older)}." if older else "There is no older key."
