"""`token add`, `token list` and `token end`: what programs sign in to the API with."""

from __future__ import annotations

from typing import Any

import click

from db import clock, models
from db.accounts import api_tokens
from db.errors import Invalid
from db.states import Scope
from db.tenants import tags as tenant_tags
from web.commands.frame.context import (
    ROW_NUMBER,
    add_commands,
    command_actor,
    find_tenant,
    find_user,
    json_option,
    open_installation,
    print_result,
)

MOST_LISTED = 1000


def register(cli: click.Group) -> None:
    group = click.Group("token", help="What programs sign in to the API with.")
    add_commands(group, {"add": add_token, "list": list_tokens, "end": end_token})
    cli.add_command(group)


@click.argument("name")
@click.option("--user", "email", required=True, help="In whose place the program acts: it may what they may, at most.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([str(scope) for scope in Scope]),
    help="What for; read unless said. May be given again.",
)
@click.option("--tenant", "tenants", multiple=True, help="Only for this tenant. May be given again.")
@click.option("--tag", "tags", multiple=True, help="Only for tenants with this tag. May be given again.")
@click.option("--days", type=int, help="How long it lasts.  [default: 90]")
@json_option
def add_token(
    name: str,
    email: str,
    scopes: tuple[str, ...],
    tenants: tuple[str, ...],
    tags: tuple[str, ...],
    days: int | None,
    as_json: bool,
) -> None:
    """Make a token for a program, and print it: this once, and never again."""
    with open_installation():
        row, token = api_tokens.make(
            find_user(email),
            name,
            scopes or (Scope.READ,),
            [find_tenant(text) for text in tenants] if tenants else None,
            [tenant_tags.fold(tenant_tags.parse_one(tag)) for tag in tags] if tags else None,
            api_tokens.DEFAULT_DAYS if days is None else days,
            command_actor(),
        )
        document = {**_document(row), "token": token, "tenants": [find_tenant(text).name for text in tenants] or None}
        print_result(
            as_json, document, f"{token}\n(token {row.id}, {', '.join(row.scopes)}, until {row.expires_at:%F})"
        )


@click.option("--user", "email", default="", help="Only this person's.")
@json_option
def list_tokens(email: str, as_json: bool) -> None:
    """List the tokens, the newest first: whose, what for, until when, and used when last."""
    with open_installation():
        rows = api_tokens.listed(find_user(email).id if email else None, MOST_LISTED)
        lines = [
            f"{row.id}  {row.prefix}…  {row.user.email}  {row.name}: {', '.join(row.scopes)}; {_state(row)}; "
            f"{f'used {row.last_used_at:%F %R}' if row.last_used_at else 'never used'}"
            for row in rows
        ]
        print_result(as_json, [_document(row) for row in rows], "\n".join(lines) or "There is no token.")


@click.argument("token_id", type=ROW_NUMBER)
@json_option
def end_token(token_id: int, as_json: bool) -> None:
    """End a token at once, by its number."""
    with open_installation():
        row = api_tokens.find_by_id(token_id)
        if row is None:
            raise Invalid(f"There is no token {token_id}. Find its number with: tenantkeep token list")
        is_ended = api_tokens.end(row, command_actor())
        text = f"Token {token_id} opens nothing any more." if is_ended else f"Token {token_id} had ended already."
        print_result(as_json, {"id": token_id, "ended": is_ended}, text)


def _state(row: models.ApiToken) -> str:
    if row.ended_at is not None:
        return "ended"
    return f"until {row.expires_at:%F}" if row.expires_at > clock.utcnow() else "expired"


def _document(row: models.ApiToken) -> dict[str, Any]:
    """Return the token without itself; times in UTC. `tenants`: their ids."""
    times = {
        name: at and f"{at.isoformat(timespec='seconds')}Z"
        for name, at in (("expires_at", row.expires_at), ("ended_at", row.ended_at), ("last_used_at", row.last_used_at))
    }
    facts = {"id": row.id, "name": row.name, "user": row.user.email, "prefix": row.prefix, "scopes": row.scopes}
    return {**facts, "tenants": row.tenants, "tags": row.tags, **times}
