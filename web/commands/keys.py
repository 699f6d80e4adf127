"""`keys new`, `keys show` and `keys rotate`."""

import base64
import secrets

import click
from flask.cli import AppGroup

from db.encryption import keyring
from db.installation import key_rotation
from web.commands.context import add_commands, command_actor, json_option, open_installation, print_result


def register(cli: AppGroup) -> None:
    group = AppGroup("keys", help="The keys that credentials and contents are sealed with.")
    add_commands(group, {"new": new, "show": show, "rotate": rotate})
    cli.add_command(group)


def new() -> None:
    """Print a fresh key for TENANTKEEP_ENCRYPTION_KEYS. It is kept nowhere."""
    click.echo(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


@json_option
def show(as_json: bool) -> None:
    """List the keys by their ids, how much each seals, and which processes know them."""
    with open_installation():
        counts, known = key_rotation.count_by_key(), keyring().ids
        live = key_rotation.live_processes()
        lines = [f"{key}  {_role(key, known):<8} seals {count} value(s)" for key, count in counts.items()]
        lines += [f"{process.kind} {process.process} knows {process.keys or 'none'}" for process in live]
        processes = [
            {"kind": process.kind, "process": process.process, "keys": (process.keys or "").split(",")}
            for process in live
        ]
        keys = [{"id": key, "role": _role(key, known), "values": count} for key, count in counts.items()]
        print_result(as_json, {"keys": keys, "processes": processes}, "\n".join(lines))


def _role(key: str, known: tuple[str, ...]) -> str:
    if key not in known:
        return "missing"
    return "newest" if key == known[0] else "older"


@json_option
def rotate(as_json: bool) -> None:
    """Seal everything with the newest key, while Tenantkeep runs. Safe to stop and to start again."""
    with open_installation():
        count = key_rotation.rotate(command_actor())
        processes = [
            f"{process.kind} {process.process}" for process in key_rotation.processes_sealing_with_another_key()
        ]
        document = {"resealed": count, "older_keys_in_use_by": processes}
        print_result(as_json, document, f"Sealed {count} value(s) again. {_next_step(processes)}")


def _next_step(processes: list[str]) -> str:
    if processes:
        named = ", ".join(processes)
        return f"Still sealing with an older key: {named}. Put the new key in front there, then rotate again."
    older = keyring().ids[1:]
    return f"No longer needed: {', '.join(older)}." if older else "There is no older key."
