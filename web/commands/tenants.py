"""`tenant add`, `tenant check`, `tenant credential`, and switching off, renaming and removing one."""

import sys
from datetime import datetime
from pathlib import Path

import click
from flask.cli import AppGroup

import actors.tenants.connection_check
import actors.tenants.credential_change
from actors.tenants.credential_change import Given
from db.clock import utcnow
from db.database import database
from db.errors import Invalid
from db.housekeeping import tenant_removal, tenant_switch
from db.models import Tenant
from db.states import CredentialPlace
from db.tenants import tenants
from web.commands.context import actor, answer, as_json, from_stdin, opened, tenant_named
from web.commands.runs import follow, wait_option
from web.presentation.formatters import credential_end

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


def register(cli: AppGroup) -> None:
    group = AppGroup("tenant", help="Tenants and their app registrations.")
    group.command("add", with_appcontext=False)(add)
    group.command("check", with_appcontext=False)(check)
    group.command("credential", with_appcontext=False)(credential)
    group.command("rename", with_appcontext=False)(rename)
    group.command("switch-off", with_appcontext=False)(switch_off)
    group.command("switch-on", with_appcontext=False)(switch_on)
    group.command("remove", with_appcontext=False)(remove)
    cli.add_command(group)


@click.argument("name")
@click.option("--directory-id", required=True, help="The tenant's id in Entra.")
@click.option("--client-id", required=True, help="The app registration's application id.")
@click.option("--cloud", type=click.Choice(["global", "usgov", "usdod", "china"]), default="global", show_default=True)
@secret_option
@certificate_option
@passphrase_option
@expires_option
@click.option("--check", "wants_check", is_flag=True, help="Sign in right away, as “tenant check” does.")
@as_json
def add(name: str, directory_id: str, client_id: str, cloud: str, client_secret_stdin: bool,
        certificate: Path | None, passphrase_stdin: bool, expires: datetime | None, wants_check: bool,
        as_json: bool) -> None:  # fmt: skip
    """Add a tenant with its credential."""
    with opened():
        given = _given(client_secret_stdin, certificate, passphrase_stdin, expires)
        with database.atomic():
            made = tenants.add(name, directory_id, client_id, actor(), cloud=cloud)
            tenants.set_credential(made, given.kind, given.values, actor(), expires_at=given.expires_at)
        document = {"id": made.id, "name": made.name, "directory_id": made.directory_id}
        if not wants_check:
            sentence = f"Added {made.name}. Its credential was not tried yet: tenantkeep tenant check “{made.name}”"
            answer(as_json, document, sentence)
            return
        found = actors.tenants.connection_check.check(made)
        answer(as_json, {**document, "check": _told(found)}, f"Added {made.name}. " + _text(found, made))
    sys.exit(0 if found.ok else 1)


def _given(
    client_secret_stdin: bool, certificate: Path | None, passphrase_stdin: bool, expires: datetime | None
) -> Given:
    if client_secret_stdin == (certificate is not None):
        raise Invalid("Give either --client-secret-stdin or --certificate FILE.")
    if certificate is None:
        return actors.tenants.credential_change.secret(from_stdin("client secret"), expires)
    if expires:
        raise Invalid("A certificate says itself when it ends: leave --expires out.")
    return _certificate(certificate, passphrase_stdin)


def _certificate(path: Path, passphrase_stdin: bool) -> Given:
    try:
        data = path.read_bytes()
    except OSError as e:
        raise Invalid(f"{path} cannot be read: {e.strerror}.") from e
    try:
        return actors.tenants.credential_change.certificate(
            data, from_stdin("passphrase") if passphrase_stdin else None
        )
    except Invalid as e:
        raise Invalid(f"{path}: {e}") from e


@click.argument("name")
@as_json
def check(name: str, as_json: bool) -> None:
    """Sign in to a tenant and say which permissions are missing. Exit code 1 when something is."""
    with opened():
        tenant = tenant_named(name)
        found = actors.tenants.connection_check.check(tenant)
        answer(as_json, _told(found) | {"credential_ends": _end_of(tenant)}, _text(found, tenant))
    sys.exit(0 if found.ok else 1)


def _told(found: actors.tenants.connection_check.Check) -> dict[str, object]:
    names = ("ok", "code", "missing", "missing_to_restore", "granted")
    return {"message": found.sentence, **{name: getattr(found, name) for name in names}}


def _end_of(tenant: Tenant) -> str | None:
    end = Tenant.get_by_id(tenant.id).credential_expires_at
    return f"{end.isoformat(timespec='seconds')}Z" if end else None


def _text(found: actors.tenants.connection_check.Check, tenant: Tenant) -> str:
    lines = [found.sentence, *_named(found.missing)]
    lines += ["To restore, these are missing too:"] if found.missing_to_restore else []
    lines += _named(found.missing_to_restore)
    end = Tenant.get_by_id(tenant.id).credential_expires_at
    lines += [f"The {tenant.credential_kind} {credential_end(end, utcnow())}."] if end else []
    return "\n".join(lines)


def _named(missing: dict[str, list[str]]) -> list[str]:
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
    type=click.Choice([str(one) for one in CredentialPlace]),
    help="Remove one that is kept beside the one in force.",
)
@wait_option
@as_json
def credential(name: str, client_secret_stdin: bool, certificate: Path | None, passphrase_stdin: bool,
               expires: datetime | None, client_id: str, try_again: bool, switch_back: bool, forget: str | None,
               wait: bool, as_json: bool) -> None:  # fmt: skip
    """Replace a tenant's credential: the new one signs in first. A refused one changes nothing."""
    with opened():
        tenant = tenant_named(name)
        chosen = [bool(client_secret_stdin or certificate), try_again, switch_back, bool(forget)]
        if chosen.count(True) != 1:
            raise Invalid(
                "Give one of --client-secret-stdin, --certificate FILE, --try-again, --switch-back and --forget."
            )
        if forget:
            actors.tenants.credential_change.forget(tenant, CredentialPlace(forget), actor())
            answer(as_json, {"forgot": forget}, f"The {forget} credential of {tenant.name} is gone.")
            return
        if try_again:
            start = actors.tenants.credential_change.try_again(tenant, actor())
        elif switch_back:
            start = actors.tenants.credential_change.switch_back(tenant, actor())
        else:
            given = _given(client_secret_stdin, certificate, passphrase_stdin, expires)
            start = actors.tenants.credential_change.give(tenant, given, actor(), client_id=client_id)
        code = follow(start, wait, as_json)
    sys.exit(code)


@click.argument("name")
@click.argument("new_name")
@as_json
def rename(name: str, new_name: str, as_json: bool) -> None:
    """Give a tenant another name. Everything that is kept of it stays."""
    with opened():
        tenant = tenant_named(name)
        tenants.rename(tenant, new_name, actor())
        answer(as_json, {"id": tenant.id, "name": tenant.name}, f"It is called {tenant.name} from now on.")


@click.argument("name")
@as_json
def switch_off(name: str, as_json: bool) -> None:
    """Switch a tenant off: nothing starts in it any more, and what is under way is cancelled."""
    with opened():
        tenant = tenant_named(name)
        cancelled = tenant_switch.switch_off(tenant, actor())
        sentence = f"{tenant.name} is switched off. {cancelled} run(s) are being cancelled; what is kept stays."
        answer(as_json, {"name": tenant.name, "cancelled_runs": cancelled}, sentence)


@click.argument("name")
@as_json
def switch_on(name: str, as_json: bool) -> None:
    """Switch a tenant on again. Its schedules go on."""
    with opened():
        tenant = tenant_named(name)
        tenant_switch.switch_on(tenant, actor())
        answer(as_json, {"name": tenant.name}, f"{tenant.name} is switched on.")


@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for the name again.")
@as_json
def remove(name: str, yes: bool, as_json: bool) -> None:
    """Remove a tenant with everything that is kept of it: policies, snapshots, backup sets, runs, credentials.

    Nothing brings it back: download the backup sets that must stay first. The audit log stays. It may be stopped, and
    goes on by itself.
    """
    with opened():
        tenant = tenant_named(name)
        if not yes and _typed(tenant) != tenant.name:
            raise Invalid("That is not its name. Nothing was removed.")
        total = tenant_removal.begin(tenant, actor())
        gone = _removed(tenant, total)
        answer(as_json, {"name": tenant.name, "rows": gone}, f"{tenant.name} is gone, and {gone} row(s) with it.")


def _typed(tenant: Tenant) -> str:
    asked = f"Everything that is kept of {tenant.name} goes, for good. Type its name to remove it"
    return str(click.prompt(asked, err=True)).strip()


def _removed(tenant: Tenant, total: int) -> int:
    gone = 0
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=max(total, 1), label="Removing", file=sys.stderr, hidden=hidden) as bar:
        while rows := tenant_removal.remove_next_rows(tenant):
            gone += rows
            bar.update(rows)
    return gone
