"""`user add`, `user password`, `user sign-out` and `member add`."""

from __future__ import annotations

import click

from db.accounts import tag_memberships, totp, users
from db.states import Role, SiteRole
from db.tenants import tags
from web.commands.frame.context import (
    add_commands,
    command_actor,
    find_tenant,
    find_user,
    json_option,
    open_installation,
    print_result,
    read_stdin_line,
)


def register(cli: click.Group) -> None:
    user = click.Group("user", help="People who may sign in.")
    add_commands(user, {"add": add_user, "password": set_password, "sign-out": sign_out})
    member = click.Group("member", help="Their roles in tenants.")
    add_commands(member, {"add": add_member})
    cli.add_command(user)
    cli.add_command(member)


@click.argument("email")
@click.option("--name", default="", help="Shown instead of the address.")
@click.option(
    "--role", type=click.Choice([str(role) for role in SiteRole]), default="none", help="In the installation."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@json_option
def add_user(email: str, name: str, role: str, password_stdin: bool, as_json: bool) -> None:
    """Add a person. The first admin is made here: --role admin."""
    with open_installation():
        password = _read_password(password_stdin)
        user = users.add(email, name, password, command_actor(), site_role=SiteRole(role))
        print_result(as_json, {"id": user.id, "email": user.email, "role": role}, f"Added {user}.")


@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--turn-codes-off", is_flag=True, help="For who lost the phone: signing in asks for no code any more.")
@json_option
def set_password(email: str, password_stdin: bool, turn_codes_off: bool, as_json: bool) -> None:
    """Give a person a new password, and sign them out everywhere. The way back in for the last admin."""
    with open_installation():
        user = find_user(email)
        users.change(user, command_actor(), password=_read_password(password_stdin))
        if turn_codes_off:
            totp.turn_off(user, command_actor())
        print_result(as_json, {"id": user.id, "email": user.email}, f"{user.email} has a new password.")


@click.argument("email")
@json_option
def sign_out(email: str, as_json: bool) -> None:
    """Sign a person out everywhere, at once."""
    with open_installation():
        ended = users.sign_out_everywhere(find_user(email), command_actor())
        print_result(as_json, {"sessions": ended}, f"Ended {ended} session(s).")


def _read_password(from_standard_input: bool) -> str:
    return read_stdin_line("password") if from_standard_input else str(click.prompt("Password", hide_input=True))


@click.argument("email")
@click.argument("place_and_role", metavar="[TENANT] ROLE", nargs=-1, required=True)
@click.option("--tag", help="In every tenant that has this tag, now and later, in place of one TENANT.")
@json_option
def add_member(email: str, place_and_role: tuple[str, ...], tag: str | None, as_json: bool) -> None:
    """Give a person a role in a tenant, or in all with a tag; or change it. ROLE: reader, operator or manager."""
    *place, role = place_and_role
    if len(place) != (0 if tag else 1):
        raise click.UsageError("Name one TENANT and the ROLE; or --tag TAG and the ROLE alone.")
    if role not in set(Role):
        raise click.UsageError(f"ROLE is one of: {', '.join(Role)}.")
    with open_installation():
        user = find_user(email)
        if tag:
            named = tags.parse_one(tag)
            tag_memberships.set_role(user, named, Role(role), command_actor())
            where = {"tag": named}, f"the tenants tagged “{named}”"
        else:
            tenant = find_tenant(place[0])
            users.set_member(user, tenant, Role(role), command_actor())
            where = {"tenant": tenant.name}, tenant.name
        print_result(as_json, {"user": user.email, **where[0], "role": role}, f"{user.name} is {role} of {where[1]}.")
