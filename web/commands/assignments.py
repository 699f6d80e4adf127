"""`tenantkeep assignments`: who gets what in a tenant, from its newest snapshots."""

from __future__ import annotations

import sys

import click

from actors.assignments import look_up
from actors.facade import assignment_names
from db import models
from db.assignments import look_ups, target_lists
from db.errors import Invalid
from db.states import RunState
from web.assignment_words import asked, findings, words
from web.commands.frame.context import (
    add_commands,
    command_actor,
    find_tenant,
    json_option,
    open_installation,
    print_result,
)
from web.commands.reading.lists import limit_option, print_rows
from web.commands.runs import EXIT_CODES, follow_run, show_run, wait_for_end, wait_option

_NAMED = {name: f"Policies that include or exclude this {title}: by name or id." for name, title in
          {"group": "group", "filter": "filter", "role": "role", "app": "app", "user": "user", "location": "location",
           "strength": "authentication strength"}.items()}  # fmt: skip
_SORTS = {
    "all-users": "Policies for all users.",
    "all-devices": "Policies for all devices.",
    "nobody": "Policies that are assigned to nobody.",
    "gone": "Assignments with a group or filter that was deleted.",
}


@click.argument("tenant")
@limit_option
@wait_option
@json_option
def assignments(tenant: str, limit: int, wait: bool, as_json: bool, **options: str | bool | None) -> None:
    """List who gets what in a tenant: give one of the options."""
    chosen = [(name.replace("_", "-"), value) for name, value in options.items() if value]
    if len(chosen) != 1:
        raise Invalid("Give one option that says whom or what: --group NAME, --all-users, --person UPN and others.")
    of, whom = chosen[0]
    if of in look_up.KINDS:
        sys.exit(_look_up(tenant, of, str(whom), wait, as_json))
    with open_installation():
        found = find_tenant(tenant)
        what = asked.parse_asked(of, whom if isinstance(whom, str) else "", [found.id])
        if what.condition is None:
            raise Invalid(what.problem)
        rows = target_lists.listed(found, what.condition, limit)
        names = assignment_names.names_of(rows)
        if as_json:
            print_result(True, [words.document(row, names) for row in rows], "")
        else:
            print_rows([_row(row, names) for row in rows], as_json=False)


def _look_up(tenant: str, kind: str, name: str, wait: bool, as_json: bool) -> int:
    """Start a run that looks a person or a device up; with `wait`, print what it found."""
    with open_installation():
        started = look_up.start(find_tenant(tenant), kind, name, command_actor())
        if not wait:
            return follow_run(started, wait, as_json)
        run = wait_for_end(started.run.id)
        kept = look_ups.find(run.id)
        if run.state != RunState.SUCCEEDED or not kept:
            show_run(run, as_json)
            return EXIT_CODES.get(run.state, 1)
        found = findings.LookUpFindings(run.tenant_id, kept)
        documents = [row.document for row in found.policies]
        if as_json:
            print_result(True, {"run": run.id, "groups": found.groups, "policies": documents}, "")
        else:
            print_rows([{**row, "conditions": "; ".join(row["conditions"])} for row in documents], as_json=False)
        return EXIT_CODES[run.state]


def _row(target: models.PolicyTarget, names: words.Names) -> dict[str, object]:
    return {
        "policy": target.policy_id,
        "name": target.policy.name,
        "policy_type": target.policy_type,
        "place": words.place_words(target),
        "target": words.target_words(target, names),
        "intent": words.intent_words(target),
        "filter": words.filter_words(target, names),
    }


for _name, _help in reversed(_NAMED.items()):
    assignments = click.option(f"--{_name}", metavar="NAME", help=_help)(assignments)
for _name, _metavar, _help in (
    ("device", "NAME", "What this device gets, by a run."),
    ("person", "UPN", "What this person gets, by a run."),
):
    assignments = click.option(f"--{_name}", metavar=_metavar, help=_help)(assignments)
for _name, _help in _SORTS.items():
    assignments = click.option(f"--{_name}", is_flag=True, help=_help)(assignments)


def register(group: click.Group) -> None:
    add_commands(group, {"assignments": assignments})
