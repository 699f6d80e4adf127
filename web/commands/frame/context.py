"""Common parts of all commands: the settings checked, a connection, the acting user, and the answer."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

import config
from actors.process import logs, startup
from db import database as engine
from db import models
from db.accounts import users
from db.audit import audit
from db.errors import Invalid
from db.policies import policies
from db.schema import row_ids
from db.tenants import tenants

# As sysexits.h has them. A run's own are 0 succeeded, 1 failed, 2 partial.
WRONG_INPUT, WRONG_SETTING = 64, 78

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
reason_option = click.option("--reason", required=True, help="Why: a ticket or a sentence.")
force_option = click.option("--force", is_flag=True, help="Write over a file that is there.")


class RowNumber(click.ParamType[int]):
    """Takes the number of a run, a set, a version. The database is not asked for one that no row can have."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number. Raises BadParameter."""
        number: int = click.INT.convert(value, param, ctx)
        if not 0 < number <= row_ids.MAX_ID:
            self.fail(f"nothing has the number {value}.", param, ctx)
        return number


ROW_NUMBER = RowNumber()


def group_of_standards(cli: click.Group) -> click.Group:
    """Return the group of `tenantkeep standard`, to which several modules add their commands."""
    group = cli.commands.get("standard")
    if not isinstance(group, click.Group):
        group = click.Group("standard", help="Standards: the same configuration in many tenants.")
        cli.add_command(group)
    return group


def add_commands(group: click.Group, commands: Mapping[str, Callable[..., Any]]) -> None:
    """Add commands by their names."""
    for name, command in commands.items():
        group.command(name)(command)


@contextmanager
def open_installation() -> Iterator[None]:
    """Check the settings and connect to the database. Raises SettingsError or StartupError before anything is done."""
    with _opened(startup.prepare):
        yield


@contextmanager
def open_for_reading() -> Iterator[None]:
    """Open the installation in half the time, for a command that only reads the database and prints what is there."""
    with _opened(startup.prepare_reading):
        yield


@contextmanager
def _opened(prepare: Callable[[config.Settings], None]) -> Iterator[None]:
    settings = config.settings()
    logs.configure(settings.log_format)
    prepare(settings)
    with engine.database.connection_context():
        yield


def command_actor() -> audit.Actor:
    return audit.Actor(f"{_system_user()} (command)", origin="command")


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        return f"user {os.getuid()}"


def print_result(as_json: bool, document: Any, text: str) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, default=str) if as_json else text)


def find_tenant(text: str) -> models.Tenant:
    tenant = tenants.find_by_text(text)
    if tenant is None:
        raise Invalid(f"There is no tenant “{text}”. Give its name or its directory id.")
    return tenant


def find_user(email: str) -> models.User:
    user = users.find_by_email(email)
    if user is None:
        raise Invalid(f"There is no user {email}. Add them with: tenantkeep user add {email}")
    return user


def find_policy(tenant: models.Tenant, text: str) -> models.Policy:
    policy = policies.find_by_text(tenant, text)
    if policy is None:
        raise Invalid(
            f"{tenant.name} has no policy {text}. Give its number here or its Graph id; a sync finds new ones."
        )
    return policy


def read_stdin_line(what: str) -> str:
    # PowerShell may put a mark before what it hands over.
    value = sys.stdin.readline().removeprefix("\ufeff").rstrip("\r\n")
    if not value:
        raise Invalid(f"No {what} came on standard input.")
    return value


def parse_texts(data: bytes, example: str) -> dict[str, str]:
    """Return the texts of a JSON object, in any of Unicode's encodings. Raises Invalid."""
    try:
        told = json.loads(data)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not all(isinstance(value, str) for value in told.values()):
        raise Invalid(f"Give one JSON object of texts: {example}.")
    return told
