"""`tenant add` and `tenant check`."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup

import actors.check
from db import tenants
from db.database import database
from db.errors import Invalid
from db.states import CredentialKind
from web.commands.context import actor, answer, as_json, from_stdin, opened, tenant_named


def register(cli: AppGroup) -> None:
    group = AppGroup("tenant", help="Tenants and their app registrations.")
    group.command("add", with_appcontext=False)(add)
    group.command("check", with_appcontext=False)(check)
    cli.add_command(group)


@click.argument("name")
@click.option("--directory-id", required=True, help="The tenant's id in Entra.")
@click.option("--client-id", required=True, help="The app registration's application id.")
@click.option("--cloud", type=click.Choice(["global", "usgov", "usdod", "china"]), default="global", show_default=True)
@click.option("--client-secret-stdin", is_flag=True, help="Read the client secret from standard input.")
@click.option("--certificate", type=click.Path(path_type=Path), help="PEM with key and certificate, or PFX.")
@click.option("--passphrase-stdin", is_flag=True, help="Read the certificate file's passphrase from standard input.")
@as_json
def add(name: str, directory_id: str, client_id: str, cloud: str, client_secret_stdin: bool,
        certificate: Path | None, passphrase_stdin: bool, as_json: bool) -> None:  # fmt: skip
    """Add a tenant with its credential."""
    if client_secret_stdin == (certificate is not None):
        raise Invalid("Give either --client-secret-stdin or --certificate FILE.")
    with opened():
        if certificate:
            kind, values = CredentialKind.CERTIFICATE, _certificate(certificate, passphrase_stdin)
        else:
            kind, values = CredentialKind.SECRET, {"secret": from_stdin("client secret")}
        with database.atomic():
            made = tenants.add(name, directory_id, client_id, actor(), cloud=cloud)
            tenants.set_credential(made, kind, values, actor())
        document = {"id": made.id, "name": made.name, "directory_id": made.directory_id}
        answer(as_json, document, f"Added {made.name}. Try it with: tenantkeep tenant check “{made.name}”")


def _certificate(path: Path, passphrase_stdin: bool) -> dict[str, str]:
    try:
        data = path.read_bytes()
    except OSError as e:
        raise Invalid(f"{path} cannot be read: {e.strerror}.") from e
    try:
        return actors.check.certificate_values(data, from_stdin("passphrase") if passphrase_stdin else None)
    except ValueError as e:
        raise Invalid(f"{path}: {e}") from e


@click.argument("name")
@as_json
def check(name: str, as_json: bool) -> None:
    """Sign in to a tenant and say which permissions are missing. Exit code 1 when something is."""
    with opened():
        found = actors.check.check(tenant_named(name))
        lines = [found.sentence]
        lines += _named(found.missing)
        lines += ["To restore, these are missing too:"] if found.missing_to_restore else []
        lines += _named(found.missing_to_restore)
        names = ("ok", "code", "missing", "missing_to_restore", "granted")
        document = {"message": found.sentence, **{name: getattr(found, name) for name in names}}
        answer(as_json, document, "\n".join(lines))
    sys.exit(0 if found.ok else 1)


def _named(missing: dict[str, list[str]]) -> list[str]:
    return [f"  {permission}: {', '.join(titles)}" for permission, titles in sorted(missing.items())]
