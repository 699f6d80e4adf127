"""`tenantkeep standard list|show|make`: what a standard holds, and its next version from a tenant or an import."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import click

from actors.standards import making
from db import models
from db.errors import Invalid
from db.imports import policy_imports
from db.policies import snapshots
from db.standards import adoptions, standards, versions
from web.acts import standard_document
from web.commands.frame.context import (
    ROW_NUMBER,
    add_commands,
    command_actor,
    find_tenant,
    group_of_standards,
    json_option,
    open_for_reading,
    open_installation,
    print_result,
)


def register(cli: click.Group) -> None:
    add_commands(group_of_standards(cli), {"list": list_standards, "show": show, "make": make})


@click.option("--all", "with_archived", is_flag=True, help="Archived ones too.")
@json_option
def list_standards(with_archived: bool, as_json: bool) -> None:
    """List the standards, with their newest versions and how many tenants follow."""
    with open_for_reading():
        rows = standards.listed(with_archived=with_archived)
        newest = versions.newest_numbers([row.id for row in rows])
        counts = adoptions.follower_counts([row.id for row in rows])
        documents = [standard_document.summary(row, newest.get(row.id), counts.get(row.id, 0)) for row in rows]
        print_result(as_json, {"standards": documents}, "\n".join(map(_line, documents)) or "There is no standard yet.")


def _line(document: dict[str, Any]) -> str:
    number = document["newest_version"]
    version = f"version {number}, {document['items']} policies" if number else "no version yet"
    return f"{_plain(document['name'])}: {version}, followed by {document['followers']} tenants"


@click.argument("standard")
@click.option("--version", "number", type=ROW_NUMBER, help="Which version.  [default: the newest]")
@json_option
def show(standard: str, number: int | None, as_json: bool) -> None:
    """Show a version: its policies, what differs between tenants, and what is new since the version before."""
    with open_installation():
        found = _find(standard)
        version = versions.of_number(found, number) if number is not None else versions.newest(found)
        if version is None:
            raise Invalid(
                f"“{found.name}” has no version {number}." if number else f"“{found.name}” has no version yet."
            )
        earlier = versions.of_number(found, version.based_on or version.number - 1)
        document = {
            "standard": {"id": found.id, "name": str(found.name)},
            **standard_document.version_details(version, str(version.source_name), earlier),
        }
        print_result(as_json, document, "\n".join(_lines(document)))


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [f"{_plain(document['standard']['name'])}, version {document['number']}, from {document['source_name']}"]
    lines += [f"  {_plain(line)}" for line in document["notes"].splitlines()]
    lines += [f"{item['policy_type']:32} {item['key']}  {_plain(item['name'])}" for item in document["items"]]
    lines += [f"parameter {_plain(row['label'])}: {_default(row)}" for row in document["parameters"]]
    since = document["since"]
    if since is None:
        return lines
    lines.append(f"Since version {since['version']}:")
    lines += [f"  added    {_plain(item['name'])}" for item in since["added"]]
    lines += [f"  left out {_plain(item['name'])}" for item in since["removed"]]
    lines += [
        f"  changed  {_plain(item['name'])}: {_plain(', '.join(item['differences']) or 'its name')}"
        for item in since["changed"]
    ]
    return (
        lines if len(lines) and any(since[part] for part in ("added", "removed", "changed")) else [*lines, "  nothing"]
    )


def _default(row: dict[str, Any]) -> str:
    if row["kind"] == "object":
        return "each tenant's own"
    return "nothing" if row["default"] == "" else _plain(str(row["default"]))


@click.argument("standard")
@click.argument("tenant", required=False)
@click.option("--policy", "policies", multiple=True, help="A policy of TENANT, by its Graph id.  [default: all of it]")
@click.option("--type", "policy_types", multiple=True, help="All policies of this type, by its Graph collection.")
@click.option("--import", "import_number", type=ROW_NUMBER, help="Take it from an import that was kept, by its number.")
@click.option("--keep", is_flag=True, help="Keep the newest version's other items.")
@click.option("--without", multiple=True, help="With --keep: leave out this item, by its key.")
@click.option("--notes", default="", help="What is new, and why.")
@click.option("--prefix", help="What names begin with.  [default: looked for]")
@click.option("--word", "words", multiple=True, help="A text that differs between tenants, besides what is found.")
@click.option("--without-assignments", is_flag=True, help="Each tenant keeps its own assignments.")
@json_option
def make(
    standard: str,
    tenant: str | None,
    policies: tuple[str, ...],
    policy_types: tuple[str, ...],
    import_number: int | None,
    keep: bool,
    without: tuple[str, ...],
    notes: str,
    prefix: str | None,
    words: tuple[str, ...],
    without_assignments: bool,
    as_json: bool,
) -> None:
    """Make the next version of a standard, from TENANT's newest snapshots or from an import. Nothing is written to
    any tenant. A standard of that name is made where there is none.
    """
    with open_installation():
        if (tenant is None) == (import_number is None) and not (keep and without):
            raise Invalid("Name a tenant, or an import with --import.")
        found = standards.of_name(standard) or standards.create(standard, "", command_actor())
        newest = versions.newest(found)
        choices = making.VersionChoices(notes, newest.number if newest else 0, not without_assignments, words, prefix)
        place = find_tenant(tenant) if tenant is not None else None
        chosen = _snapshot_ids(place, policies, policy_types) if place else []
        if import_number is not None:
            row = _find_import(import_number)
            version = making.from_import(found, row, _imported(row, policies, policy_types), command_actor(), choices)
        elif keep and newest is not None:
            version = making.from_version(
                found, newest, command_actor(), choices, without=without, tenant=place, snapshot_ids=chosen
            )
        elif place is not None:
            version = making.from_snapshots(found, place, chosen, command_actor(), choices)
        else:
            raise Invalid(f"“{found.name}” has no version yet. Name a tenant to take the first one from.")
        document = {
            "standard": {"id": found.id, "name": str(found.name)},
            **standard_document.version_summary(version, str(version.source_name)),
        }
        print_result(as_json, document, f"“{found.name}”, version {version.number}: {version.item_count} policies.")


def _find(text: str) -> models.Standard:
    found = standards.of_name(text)
    if found is None:
        raise Invalid(f"There is no standard “{text}”. tenantkeep standard list names them.")
    return found


def _find_import(number: int) -> models.PolicyImport:
    row: models.PolicyImport | None = models.PolicyImport.get_or_none(models.PolicyImport.id == number)
    if row is None:
        raise Invalid(f"There is no import {number}.")
    return row


def _snapshot_ids(tenant: models.Tenant, wanted: Sequence[str], policy_types: Collection[str]) -> list[int]:
    """Return the newest snapshots of these policies; of all but groups, where nothing is named. Raises Invalid."""
    rows = snapshots.newest_of_present(tenant)
    known = {str(row.policy.graph_id) for row in rows}
    unknown = [graph_id for graph_id in wanted if graph_id not in known]
    if unknown:
        raise Invalid(f"No policy {unknown[0]} of {tenant.name} was captured. Back it up: tenantkeep back-up TENANT")
    if not wanted and not policy_types:
        return [row.id for row in rows if row.policy.policy_type != "groups"]
    return [row.id for row in rows if row.policy.graph_id in wanted or row.policy.policy_type in policy_types]


def _imported(row: models.PolicyImport, wanted: Sequence[str], policy_types: Collection[str]) -> list[int]:
    found = [
        policy.id
        for policy in policy_imports.policies_of(row)
        if policy.policy_type != "groups"
        and (not (wanted or policy_types) or policy.graph_id in wanted or policy.policy_type in policy_types)
    ]
    if not found:
        raise Invalid("The import has no such policy.")
    return found


def _plain(name: str) -> str:
    """Return a name without what steers a terminal: policies may be called anything."""
    return "".join(character if character.isprintable() else " " for character in name)
