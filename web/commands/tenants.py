"""`tenant add`, `tenant check`, `tenant credential`, and switching off, renaming and removing one."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

import actors.tenants.connection_check
import actors.tenants.credential_change
import config
from actors.connecting import tenant_import
from actors.tenants import credential_change
from db import clock, models
from db import database as engine
from db.errors import Invalid
from db.events import watches
from db.housekeeping import tenant_removal, tenant_switch
from db.installation import new_tenants
from db.states import CredentialPlace
from db.tenants import tenants
from web.commands.frame.context import (
    add_commands,
    command_actor,
    find_tenant,
    json_option,
    open_installation,
    print_result,
    read_stdin_line,
)
from web.commands.runs import follow_run, wait_option
from web.presentation import formatters

secret_option = click.option("--client-secret-stdin", is_flag=True, help="Read the client secret from standard input.")
certificate_option = click.option(
    "--certificate", type=click.Path(path_type=Path), help="PEM with key and certificate, or PFX."
)
passphrase_option = click.option(
    "--passphrase-stdin", is_flag=True, help="Read the certificate file's passphrase from standard input."
)
expires_option = click.option(
    "--expires", type=click.DateTime(["%Y-%m-%d"]), help="The last day of the client secret, as Entra shows it."
)


def register(cli: click.Group) -> None:
    group = click.Group("tenant", help="Tenants and their app registrations.")
    add_commands(
        group,
        {
            "add": add,
            "import": import_list,
            "check": check,
            "credential": credential,
            "rename": rename,
            "switch-off": switch_off,
            "switch-on": switch_on,
            "remove": remove,
            "keep": keep,
        },
    )
    cli.add_command(group)
    add_commands(cli, {"watch": watch})


@click.argument("name")
@click.option("--directory-id", required=True, help="The tenant's id in Entra.")
@click.option("--client-id", required=True, help="The app registration's application id.")
@click.option("--cloud", type=click.Choice(["global", "usgov", "usdod", "china"]), default="global", show_default=True)
@secret_option
@certificate_option
@passphrase_option
@expires_option
@click.option("--check", "wants_check", is_flag=True, help="Sign in right away, as “tenant check” does.")
@json_option
def add(name: str, directory_id: str, client_id: str, cloud: str, client_secret_stdin: bool,
        certificate: Path | None, passphrase_stdin: bool, expires: datetime | None, wants_check: bool,
        as_json: bool) -> None:  # fmt: skip
    """Add a tenant with its credential. It gets what the page "Defaults for new tenants" says."""
    with open_installation():
        credential = _read_credential(client_secret_stdin, certificate, passphrase_stdin, expires)
        with engine.database.atomic():
            tenant = new_tenants.add(name, directory_id, client_id, command_actor(), cloud=cloud)
            tenants.set_credential(
                tenant, credential.kind, credential.values, command_actor(), expires_at=credential.expires_at
            )
        document = {"id": tenant.id, "name": tenant.name, "directory_id": tenant.directory_id}
        if not wants_check:
            sentence = f"Added {tenant.name}. Its credential was not tried yet: tenantkeep tenant check “{tenant.name}”"
            print_result(as_json, document, sentence)
            return
        result = actors.tenants.connection_check.check(tenant)
        print_result(
            as_json,
            {**document, "check": _check_document(result)},
            f"Added {tenant.name}. " + _check_text(result, tenant),
        )
    sys.exit(0 if result.ok else 1)


@click.argument("file", type=click.Path(path_type=Path))
@json_option
def import_list(file: Path, as_json: bool) -> None:
    """Add the tenants of a CSV file with the columns name, directory_id and tags. Each waits for consent, by a link.

    The links are printed, and shown never again. Lines that are wrong are named, and left out. Exit code 1 then.
    """
    with open_installation():
        home = config.settings().public_url
        if not home:
            raise Invalid("Set TENANTKEEP_PUBLIC_URL first: the links begin with it.")
        try:
            lines = tenant_import.read_file(file.read_bytes())
        except OSError as e:
            raise Invalid(f"{file} cannot be read: {e.strerror}.") from e
        imported = tenant_import.import_lines(lines, command_actor())
        done = [line for line in imported if line.token]
        left_out = [line for line in (*lines, *imported) if line.problem]
        document = {
            "imported": [{"name": line.name, "directory_id": line.directory_id, "link": f"{home}/connect/{line.token}"}
                         for line in done],
            "left_out": [{"line": line.number, "name": line.name, "problem": line.problem} for line in left_out],
        }  # fmt: skip
        said = [f"{line.name}: {home}/connect/{line.token}" for line in done]
        said += [f"Line {line.number} was left out: {line.problem}" for line in left_out]
        print_result(as_json, document, "\n".join(said))
    sys.exit(1 if left_out else 0)


def _read_credential(
    client_secret_stdin: bool, certificate: Path | None, passphrase_stdin: bool, expires: datetime | None
) -> credential_change.NewCredential:
    if client_secret_stdin == (certificate is not None):
        raise Invalid("Give either --client-secret-stdin or --certificate FILE.")
    if certificate is None:
        return actors.tenants.credential_change.parse_secret(read_stdin_line("client secret"), expires)
    if expires:
        raise Invalid("A certificate says itself when it ends: leave --expires out.")
    return _read_certificate(certificate, passphrase_stdin)


def _read_certificate(path: Path, passphrase_stdin: bool) -> credential_change.NewCredential:
    try:
        data = path.read_bytes()
    except OSError as e:
        raise Invalid(f"{path} cannot be read: {e.strerror}.") from e
    try:
        return actors.tenants.credential_change.parse_certificate(
            data, read_stdin_line("passphrase") if passphrase_stdin else None
        )
    except Invalid as e:
        raise Invalid(f"{path}: {e}") from e


@click.argument("name")
@json_option
def check(name: str, as_json: bool) -> None:
    """Sign in to a tenant and say which permissions are missing. Exit code 1 when something is."""
    with open_installation():
        tenant = find_tenant(name)
        result = actors.tenants.connection_check.check(tenant)
        print_result(
            as_json,
            _check_document(result) | {"credential_ends": _credential_end_text(tenant)},
            _check_text(result, tenant),
        )
    sys.exit(0 if result.ok else 1)


def _check_document(result: actors.tenants.connection_check.ConnectionCheck) -> dict[str, object]:
    names = ("ok", "code", "missing", "missing_to_restore", "granted")
    return {"message": result.sentence, **{name: getattr(result, name) for name in names}}


def _credential_end_text(tenant: models.Tenant) -> str | None:
    end = models.Tenant.get_by_id(tenant.id).credential_expires_at
    return f"{end.isoformat(timespec='seconds')}Z" if end else None


def _check_text(result: actors.tenants.connection_check.ConnectionCheck, tenant: models.Tenant) -> str:
    lines = [result.sentence, *_permission_lines(result.missing)]
    lines += ["To restore, these are missing too:"] if result.missing_to_restore else []
    lines += _permission_lines(result.missing_to_restore)
    end = models.Tenant.get_by_id(tenant.id).credential_expires_at
    lines += [f"The {tenant.credential_kind} {formatters.credential_end(end, clock.utcnow())}."] if end else []
    return "\n".join(lines)


def _permission_lines(missing: dict[str, list[str]]) -> list[str]:
    return [f"  {permission}: {', '.join(titles)}" for permission, titles in sorted(missing.items())]


@click.argument("name")
@secret_option
@certificate_option
@passphrase_option
@expires_option
@click.option("--client-id", default="", help="Of another app registration.  [default: the one there is]")
@click.option("--try-again", is_flag=True, help="Try the new one that was refused, once its cause is mended in Entra.")
@click.option("--switch-back", is_flag=True, help="Try the previous one, and put it in force again.")
@click.option(
    "--forget",
    type=click.Choice([str(place) for place in CredentialPlace]),
    help="Remove one that is kept beside the one in force.",
)
@wait_option
@json_option
def credential(name: str, client_secret_stdin: bool, certificate: Path | None, passphrase_stdin: bool,
               expires: datetime | None, client_id: str, try_again: bool, switch_back: bool, forget: str | None,
               wait: bool, as_json: bool) -> None:  # fmt: skip
    """Replace a tenant's credential: the new one signs in first. A refused one changes nothing."""
    with open_installation():
        tenant = find_tenant(name)
        choices = [bool(client_secret_stdin or certificate), try_again, switch_back, bool(forget)]
        if choices.count(True) != 1:
            raise Invalid(
                "Give one of --client-secret-stdin, --certificate FILE, --try-again, --switch-back and --forget."
            )
        if forget:
            actors.tenants.credential_change.forget(tenant, CredentialPlace(forget), command_actor())
            print_result(as_json, {"forgot": forget}, f"The {forget} credential of {tenant.name} is gone.")
            return
        if try_again:
            start = actors.tenants.credential_change.try_again(tenant, command_actor())
        elif switch_back:
            start = actors.tenants.credential_change.switch_back(tenant, command_actor())
        else:
            new_credential = _read_credential(client_secret_stdin, certificate, passphrase_stdin, expires)
            start = actors.tenants.credential_change.submit(
                tenant, new_credential, command_actor(), client_id=client_id
            )
        code = follow_run(start, wait, as_json)
    sys.exit(code)


@click.argument("name")
@click.argument("new_name")
@json_option
def rename(name: str, new_name: str, as_json: bool) -> None:
    """Give a tenant another name. Everything that is kept of it stays."""
    with open_installation():
        tenant = find_tenant(name)
        tenants.rename(tenant, new_name, command_actor())
        print_result(as_json, {"id": tenant.id, "name": tenant.name}, f"It is called {tenant.name} from now on.")


@click.argument("name")
@json_option
def switch_off(name: str, as_json: bool) -> None:
    """Switch a tenant off: nothing starts in it any more, and what is under way is cancelled."""
    with open_installation():
        tenant = find_tenant(name)
        cancelled = tenant_switch.switch_off(tenant, command_actor())
        sentence = f"{tenant.name} is switched off. {cancelled} run(s) are being cancelled; what is kept stays."
        print_result(as_json, {"name": tenant.name, "cancelled_runs": cancelled}, sentence)


@click.argument("name")
@json_option
def switch_on(name: str, as_json: bool) -> None:
    """Switch a tenant on again. Its schedules go on."""
    with open_installation():
        tenant = find_tenant(name)
        tenant_switch.switch_on(tenant, command_actor())
        print_result(as_json, {"name": tenant.name}, f"{tenant.name} is switched on.")


@click.argument("tenant")
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.option("--minutes", type=int, help="Between two looks; without it as TENANTKEEP_WATCH_MINUTES says.")
@json_option
def watch(tenant: str, switch: str, minutes: int | None, as_json: bool) -> None:
    """Watch a tenant: its audit logs are looked into every few minutes, and what they say was changed is captured."""
    is_on = switch == "on"
    if minutes is not None and not is_on:
        raise Invalid("--minutes goes with “on”.")
    with open_installation():
        found = find_tenant(tenant)
        is_changed = watches.set_watched(found, is_on, command_actor(), minutes)
        document = {"tenant": found.name, "watched": is_on, "every_minutes": minutes, "changed": is_changed}
        print_result(as_json, document, f"{found.name} is {'watched' if is_on else 'not watched any more'}.")


@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for the name again.")
@json_option
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Remove a tenant with everything that is kept of it: policies, snapshots, backup sets, runs, credentials.

    It goes after TENANTKEEP_DELETION_DAYS; until then `tenantkeep tenant keep` takes it back. The audit log stays.
    """
    with open_installation():
        tenant = find_tenant(name)
        if not yes and _ask_for_name(tenant) != tenant.name:
            raise Invalid("That is not its name. Nothing was removed.")
        due_at = tenant_removal.request(tenant, command_actor(), config.settings().deletion_days)
        if due_at is not None:
            sentence = f"{tenant.name} goes on {due_at:%Y-%m-%d %H:%M} UTC. Take it back with: tenantkeep tenant keep"
            print_result(as_json, {"name": tenant.name, "rows": 0, "due_at": due_at.isoformat()}, sentence)
            return
        row_count = _remove_all_rows(tenant, tenant_removal.count_rows_left(tenant))
        print_result(
            as_json, {"name": tenant.name, "rows": row_count}, f"{tenant.name} is gone, and {row_count} row(s) with it."
        )


@click.argument("name")
@json_option
def keep(name: str, as_json: bool) -> None:
    """Take the removal of a tenant back, which waits for its day."""
    with open_installation():
        tenant = find_tenant(name)
        tenant_removal.take_back(tenant, command_actor())
        print_result(as_json, {"name": tenant.name}, f"{tenant.name} stays.")


def _ask_for_name(tenant: models.Tenant) -> str:
    question = f"Everything that is kept of {tenant.name} goes, for good. Type its name to remove it"
    return str(click.prompt(question, err=True)).strip()


def _remove_all_rows(tenant: models.Tenant, total: int) -> int:
    row_count = 0
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=max(total, 1), label="Removing", file=sys.stderr, hidden=hidden) as bar:
        while rows := tenant_removal.remove_next_rows(tenant):
            row_count += rows
            bar.update(rows)
    return row_count
