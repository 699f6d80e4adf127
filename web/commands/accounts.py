"""`user add` and `member add`."""

import click
from flask.cli import AppGroup

from db import users
from db.errors import Invalid
from db.models import User
from db.states import Role, SiteRole
from web.commands.context import actor, answer, as_json, from_stdin, opened, tenant_named


def register(cli: AppGroup) -> None:
    user = AppGroup("user", help="People who may sign in.")
    user.command("add", with_appcontext=False)(add_user)
    member = AppGroup("member", help="Their roles in tenants.")
    member.command("add", with_appcontext=False)(add_member)
    cli.add_command(user)
    cli.add_command(member)


@click.argument("email")
@click.option("--name", default="", help="Shown instead of the address.")
@click.option(
    "--role", type=click.Choice([str(role) for role in SiteRole]), default="none", help="In the installation."
)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@as_json
def add_user(email: str, name: str, role: str, password_stdin: bool, as_json: bool) -> None:
    """Add a person. The first admin is made here: --role admin."""
    with opened():
        password = from_stdin("password") if password_stdin else click.prompt("Password", hide_input=True)
        made = users.add(email, name, password, actor(), site_role=SiteRole(role))
        answer(as_json, {"id": made.id, "email": made.email, "role": role}, f"Added {made}.")


@click.argument("email")
@click.argument("tenant")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@as_json
def add_member(email: str, tenant: str, role: str, as_json: bool) -> None:
    """Give a person a role in a tenant, or change it."""
    with opened():
        user = User.get_or_none(User.email == email.lower())
        if user is None:
            raise Invalid(f"There is no user {email}. Add them with: tenantkeep user add {email}")
        place = tenant_named(tenant)
        users.set_member(user, place, Role(role), actor())
        document = {"user": user.email, "tenant": place.name, "role": role}
        answer(as_json, document, f"{user.name} is {role} of {place.name}.")
