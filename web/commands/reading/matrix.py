"""`tenantkeep standard matrix`: how each tenant has each item of a standard, counted, or cell by cell."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from actors.standards import comparing
from actors.standings import matrix_rows
from db import models
from db.errors import Invalid
from db.standards import matrix, standards
from db.states import CellState, Ring
from db.tenants import tags
from web.commands.frame.context import add_commands, group_of_standards, json_option, open_installation, print_result


def register(cli: click.Group) -> None:
    add_commands(group_of_standards(cli), {"matrix": show_matrix})


@click.argument("standard")
@click.option("--ring", type=click.Choice([str(ring) for ring in Ring]), help="Only tenants in this ring.")
@click.option("--tag", default="", help="Only tenants with this tag.")
@click.option("--state", type=click.Choice([str(state) for state in CellState]), help="Only items in this state.")
@click.option("--cells", is_flag=True, help="List the cells, too: with --state, or they are many.")
@click.option("--now", is_flag=True, help="Compare first, here and now, with the newest snapshots.")
@json_option
def show_matrix(
    standard: str, ring: str | None, tag: str, state: str | None, cells: bool, now: bool, as_json: bool
) -> None:
    """Show how the tenants that follow a standard have its items, by ring. Nothing is asked of the tenants."""
    with open_installation():
        found = _standard(standard)
        wanted = matrix.MatrixFilter(ring=ring or "", folded_tag=tags.fold(tag), state=state or "")
        if now:
            for adoption in matrix.followers(
                found, matrix.MatrixFilter(ring=wanted.ring, folded_tag=wanted.folded_tag)
            ):
                comparing.compare(adoption.id)
        groups = matrix.by_ring(matrix.followers(found, wanted))
        document: dict[str, Any] = {"standard": str(found.name), "rings": [_group(group) for group in groups]}
        lines = [_line(group) for group in groups]
        if cells or state:
            rows = list(matrix_rows.rows_of(found, wanted, None, lambda _tenant_id: True))
            document["cells"] = [asdict(row) for row in rows]
            lines += [f"{row.state:14} {_plain(row.tenant_name)}  {_plain(row.item)}" for row in rows]
        print_result(as_json, document, "\n".join(lines) or "No tenant follows it yet.")


def _standard(name: str) -> models.Standard:
    found = standards.of_name(name) or standards.of_uid(name)
    if found is None:
        raise Invalid(f"There is no standard “{name}”. These are there: tenantkeep standard list")
    return found


def _group(group: matrix.GroupCounts) -> dict[str, Any]:
    return {"ring": group.name, "tenants": group.tenants, "unlooked": group.unlooked, "states": dict(group.states)}


def _line(group: matrix.GroupCounts) -> str:
    states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in group.states.items()) or "nothing yet"
    unlooked = f"; {group.unlooked} not looked at yet" if group.unlooked else ""
    return f"{group.name:6} {group.tenants} tenants: {states}{unlooked}"


def _plain(name: str) -> str:
    """Return a name without what steers a terminal: policies may be called anything."""
    return "".join(character if character.isprintable() else " " for character in name)
