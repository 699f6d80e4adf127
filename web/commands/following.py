"""`tenantkeep standard adopt|leave|tenants|set|link|keep` and `standard except|approve|end`: who follows, and how."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import click

import config
from actors.keeping import by_itself
from actors.standards import linking, parameter_values
from db import models
from db.errors import Invalid
from db.standards import adoptions, exceptions, following_tags, keeping, standards
from db.states import ExceptionKind, KeepChoice, Ring
from web.acts import following_document
from web.commands.frame.context import (
    ROW_NUMBER,
    add_commands,
    command_actor,
    find_tenant,
    group_of_standards,
    json_option,
    open_installation,
    print_result,
    reason_option,
)

ring_option = click.option("--ring", type=click.Choice([str(ring) for ring in Ring]), default="all", show_default=True)


def register(cli: click.Group) -> None:
    add_commands(
        group_of_standards(cli),
        {
            "adopt": adopt,
            "leave": leave,
            "tenants": list_tenants,
            "set": set_values,
            "link": link,
            "keep": keep,
            "keep-limit": keep_limit,
            "except": ask,
            "approve": approve,
            "end": end,
        },
    )


@click.argument("standard")
@click.argument("tenants", nargs=-1)
@click.option("--tag", default="", help="Every tenant with this tag, those included that get it later.")
@ring_option
@json_option
def adopt(standard: str, tenants: tuple[str, ...], tag: str, ring: str, as_json: bool) -> None:
    """Let tenants follow a standard, by their names or by a tag. Nothing is written to them.

    One that follows already gets the ring.
    """
    with open_installation():
        found = _standard(standard)
        if bool(tenants) == bool(tag):
            raise Invalid("Name tenants, or a tag with --tag.")
        if tag:
            followed = following_tags.set_tag(found, tag, Ring(ring), command_actor())
            document: dict[str, Any] = {"standard": found.name, "tag": followed.tag, "ring": ring}
            print_result(as_json, document, f"Every tenant tagged “{followed.tag}” follows “{found.name}” ({ring}).")
            return
        chosen = [find_tenant(text) for text in tenants]
        made = [adoptions.adopt(found, tenant, Ring(ring), command_actor()) for tenant in chosen]
        names = ", ".join(str(tenant.name) for tenant in chosen)
        documents = [following_document.summary(row) for row in made]
        print_result(as_json, {"tenants": documents}, f"“{found.name}” ({ring}) is followed by: {names}.")


@click.argument("standard")
@click.argument("tenant")
@json_option
def leave(standard: str, tenant: str, as_json: bool) -> None:
    """Let a tenant follow a standard no longer. Its policies stay, and its exceptions end."""
    with open_installation():
        adoption = _adoption(standard, tenant)
        document = following_document.summary(adoption)
        adoptions.leave(adoption, command_actor())
        print_result(as_json, document, f"{adoption.tenant.name} follows “{adoption.standard.name}” no longer.")


@click.argument("standard")
@click.argument("tenant", required=False)
@json_option
def list_tenants(standard: str, tenant: str | None, as_json: bool) -> None:
    """List who follows a standard; with TENANT, each item of it there: its state, its policy, what it may be."""
    with open_installation():
        if tenant is not None:
            document = following_document.details(_adoption(standard, tenant), sees_tenant=True)
            lines = [
                f"{row['state'] or 'not looked at yet':18} {_plain(row['key'])}  {_plain(row['name'])}"
                for row in document["items"]
            ]
            print_result(as_json, document, "\n".join(lines) or "There is no version yet.")
            return
        rows = [following_document.summary(row) for row in adoptions.followers(_standard(standard))]
        lines = [f"{row['ring']:6} {row['tenant']['name']}  {_counts(row['counts'])}" for row in rows]
        print_result(as_json, {"tenants": rows}, "\n".join(lines) or "No tenant follows it yet.")


def _plain(name: str) -> str:
    """Return a name without what steers a terminal: policies may be called anything."""
    return "".join(character if character.isprintable() else " " for character in name)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items()) or "not looked at yet"


@click.argument("standard")
@click.argument("tenant")
@click.argument("values", nargs=-1, required=True, metavar="NAME=VALUE...")
@json_option
def set_values(standard: str, tenant: str, values: tuple[str, ...], as_json: bool) -> None:
    """Set parameters of a standard in a tenant; of an object, such as a group, its id there."""
    with open_installation():
        adoption = _adoption(standard, tenant)
        wrong = next((text for text in values if "=" not in text), None)
        if wrong is not None:
            raise Invalid(f"“{wrong}” sets nothing: write NAME=VALUE.")
        given = {name: value for name, _, value in (text.partition("=") for text in values)}
        changed = parameter_values.set_here(adoption, given, command_actor())
        sentence = f"Set: {', '.join(changed)}." if changed else "Nothing is different."
        print_result(as_json, following_document.details(adoption, sees_tenant=True), sentence)


@click.argument("standard")
@click.argument("tenant")
@click.argument("item")
@click.argument("graph_id", required=False)
@click.option("--none", "is_none", is_flag=True, help="It is none of the tenant's policies: a roll-out makes it anew.")
@json_option
def link(standard: str, tenant: str, item: str, graph_id: str | None, is_none: bool, as_json: bool) -> None:
    """Say which of a tenant's policies an ITEM is, by its key (standard tenants STANDARD TENANT)."""
    with open_installation():
        adoption = _adoption(standard, tenant)
        if bool(graph_id) == is_none:
            raise Invalid("Name the policy's id in Graph, or say --none.")
        linking.confirm_link(adoption, item, graph_id, command_actor())
        print_result(as_json, following_document.details(adoption, sees_tenant=True), "Saved. It is not asked again.")


@click.argument("standard")
@click.argument("tenant")
@click.argument("item")
@click.argument("choice", type=click.Choice(["tell", "put-back"]))
@json_option
def keep(standard: str, tenant: str, item: str, choice: str, as_json: bool) -> None:
    """Say what happens when somebody changes an ITEM, by its key: it is told, or put back by itself."""
    with open_installation():
        adoption = _adoption(standard, tenant)
        cell = keeping.find_cell(adoption, item)
        if cell is None:
            raise Invalid(f"“{item}” is no item that was compared in {adoption.tenant.name} yet.")
        by_itself.choose(cell, KeepChoice(choice.replace("-", "_")), command_actor())
        sentence = "It is put back by itself from now on." if choice == "put-back" else "A change of it is told."
        print_result(as_json, following_document.details(adoption, sees_tenant=True), sentence)


@click.argument("standard")
@click.argument("tenant")
@click.argument("count", type=int)
@json_option
def keep_limit(standard: str, tenant: str, count: int, as_json: bool) -> None:
    """Say how many policies a day are put back by themselves in a tenant at most; 0: none."""
    with open_installation():
        adoption = _adoption(standard, tenant)
        keeping.limit_to(adoption, count, command_actor())
        document = following_document.details(models.StandardAdoption.get_by_id(adoption.id), sees_tenant=True)
        print_result(as_json, document, f"At most {count} a day in {adoption.tenant.name}.")


@click.argument("standard")
@click.argument("item")
@click.option("--tenant", "tenant", default="", help="The tenant that has it otherwise.")
@click.option("--tag", default="", help="Every tenant with this tag.")
@click.option("--path", "paths", multiple=True, help="A setting where the tenant's own value stays; without: left out.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day, in UTC.  [default: for good]")
@reason_option
@json_option
def ask(standard: str, item: str, tenant: str, tag: str, paths: tuple[str, ...], until: datetime | None, reason: str,
        as_json: bool) -> None:  # fmt: skip
    """Ask for an exception: an ITEM, by its key, that a tenant leaves out or has otherwise in some settings."""
    with open_installation():
        row = exceptions.ask(
            _standard(standard),
            item,
            ExceptionKind.OTHERWISE if paths else ExceptionKind.LEAVE_OUT,
            reason,
            command_actor(),
            tenant=find_tenant(tenant) if tenant else None,
            tag=tag,
            paths=paths,
            until=datetime.combine(until.date(), time(23, 59, 59)) if until else None,
        )
        sentence = f"Asked for exception {row.id}. It holds once it is approved: tenantkeep standard approve {row.id}"
        print_result(as_json, following_document.exception(row), sentence)


@click.argument("number", type=ROW_NUMBER)
@json_option
def approve(number: int, as_json: bool) -> None:
    """Approve an exception that was asked for."""
    with open_installation():
        row = _exception(number)
        exceptions.approve(row, command_actor(), needs_another=config.settings().rollout_four_eyes)
        print_result(as_json, following_document.exception(_exception(number)), f"Exception {number} is in force.")


@click.argument("number", type=ROW_NUMBER)
@reason_option
@json_option
def end(number: int, reason: str, as_json: bool) -> None:
    """End an exception, or refuse one that was asked for."""
    with open_installation():
        exceptions.end(_exception(number), command_actor(), reason)
        print_result(as_json, following_document.exception(_exception(number)), f"Exception {number} has ended.")


def _standard(text: str) -> models.Standard:
    found = standards.of_name(text) or standards.of_uid(text)
    if found is None:
        raise Invalid(f"There is no standard “{text}”. These are there: tenantkeep standard list")
    return found


def _adoption(standard: str, tenant: str) -> models.StandardAdoption:
    found, place = _standard(standard), find_tenant(tenant)
    adoption = adoptions.find(found, place)
    if adoption is None:
        raise Invalid(f"{place.name} does not follow “{found.name}”.")
    return adoption


def _exception(number: int) -> models.StandardException:
    row = exceptions.find(number)
    if row is None:
        raise Invalid(f"There is no exception {number}.")
    return row
