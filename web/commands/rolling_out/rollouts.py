"""`tenantkeep standard roll-out` and `rollout list|show|confirm|pause|go-on|stop|take-up|roll-back`, and objections."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from actors.rollouts import objecting, rolling_out
from db import models
from db.errors import Invalid
from db.rollouts import rollout_tenants, rollouts
from db.standards import standards, versions
from db.states import Ring, RollOutKind, RollOutState
from web.acts import rollout_document
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

LOOK_SECONDS = 0.5
MOST = 1000
_MOVING = (RollOutState.PREVIEWING, RollOutState.RUNNING, RollOutState.ROLLING_BACK)
# 2: as of a run that succeeded in part.
_EXIT_CODES = {RollOutState.STOPPED: 1, RollOutState.CANCELLED: 1}
wait_option = click.option("--wait", is_flag=True, help="Wait until it goes on no further by itself.")


def register(cli: click.Group) -> None:
    group = click.Group("rollout", help="Roll-outs of standards: plans of a ring, confirmed once and carried out.")
    commands: dict[str, Callable[..., None]] = {
        "list": list_rollouts,
        "show": show,
        "confirm": confirm,
        "pause": pause,
        "go-on": go_on,
        "stop": stop,
        "take-up": take_up,
        "roll-back": roll_back,
        "object": object_to,
        "take-back": take_back,
        "override": override,
    }
    add_commands(group, commands)
    cli.add_command(group)
    add_commands(group_of_standards(cli), {"roll-out": roll_out})


@click.argument("standard")
@click.argument("ring", type=click.Choice([str(ring) for ring in Ring]))
@click.option("--version", "number", type=ROW_NUMBER, help="The version's number.  [default: the newest]")
@click.option("--switch-on", is_flag=True, help="Switch on what arrived report-only with it.")
@click.option("--early", default="", help="Why it comes before the ring before it was looked at for long enough.")
@wait_option
@json_option
def roll_out(
    standard: str, ring: str, number: int | None, switch_on: bool, early: str, wait: bool, as_json: bool
) -> None:
    """Plan a version of a standard for the tenants of a ring. Then: tenantkeep rollout confirm."""
    with open_installation():
        found = _standard(standard)
        kind = RollOutKind.SWITCH_ON if switch_on else RollOutKind.ROLL_OUT
        version = _version(found, number)
        rollout = rolling_out.ask(found, version, Ring(ring), command_actor(), kind=kind, early=early)
        _tell(rollout, wait, as_json)


def _standard(text: str) -> models.Standard:
    """Return the standard of that name, or of that id. Raises Invalid."""
    found = standards.of_name(text) or standards.of_uid(text)
    if found is None:
        raise Invalid(f"There is no standard “{text}”. These are there: tenantkeep standard list")
    return found


def _version(standard: models.Standard, number: int | None) -> models.StandardVersion:
    found = versions.newest(standard) if number is None else versions.of_number(standard, number)
    if found is None:
        raise Invalid(f"“{standard.name}” has no version {number}." if number else f"“{standard.name}” has no version.")
    return found


@json_option
def list_rollouts(as_json: bool) -> None:
    """List roll-outs, the newest first."""
    with open_installation():
        documents = [rollout_document.summary(row, is_whole=True) for row in rollouts.listed(None, MOST)]
        print_result(as_json, documents, "\n".join(map(_line, documents)) or "Nothing was rolled out yet.")


@click.argument("number", type=ROW_NUMBER)
@json_option
def show(number: int, as_json: bool) -> None:
    """Show a roll-out: its state, and what is planned or was done in each tenant."""
    with open_installation():
        _tell(_rollout(number), wait=False, as_json=as_json)


@click.argument("number", type=ROW_NUMBER)
@click.option("--tenants", type=int, required=True, help="How many tenants have a plan, as show says.")
@reason_option
@wait_option
@json_option
def confirm(number: int, tenants: int, reason: str, wait: bool, as_json: bool) -> None:
    """Have its plans carried out. Where somebody else has to confirm it, that is done in the browser."""
    with open_installation():
        rollout = _rollout(number)
        rolling_out.confirm(rollout, command_actor(), reason, tenants=tenants)
        _tell(rollout, wait, as_json)


@click.argument("number", type=ROW_NUMBER)
@json_option
def pause(number: int, as_json: bool) -> None:
    """Begin in no further tenant. What was begun goes on to its end."""
    _act(number, lambda rollout: rolling_out.pause(rollout, command_actor()), as_json)


@click.argument("number", type=ROW_NUMBER)
@wait_option
@json_option
def go_on(number: int, wait: bool, as_json: bool) -> None:
    """Let a paused roll-out go on."""
    _act(number, lambda rollout: rolling_out.go_on(rollout, command_actor()), as_json, wait)


@click.argument("number", type=ROW_NUMBER)
@reason_option
@json_option
def stop(number: int, reason: str, as_json: bool) -> None:
    """End it: nothing further begins, and what was written stays."""
    _act(number, lambda rollout: rolling_out.stop(rollout, command_actor(), reason), as_json)


@click.argument("number", type=ROW_NUMBER)
@wait_option
@json_option
def take_up(number: int, wait: bool, as_json: bool) -> None:
    """Plan one that stopped anew, for the tenants that are left. Then: tenantkeep rollout confirm."""
    _act(number, lambda rollout: rolling_out.take_up(rollout, command_actor()), as_json, wait)


@click.argument("number", type=ROW_NUMBER)
@reason_option
@wait_option
@json_option
def roll_back(number: int, reason: str, wait: bool, as_json: bool) -> None:
    """Undo what it wrote in each tenant, the newest first."""
    _act(number, lambda rollout: rolling_out.roll_back(rollout, command_actor(), reason), as_json, wait)


@click.argument("number", type=ROW_NUMBER)
@click.argument("tenant")
@reason_option
@json_option
def object_to(number: int, tenant: str, reason: str, as_json: bool) -> None:
    """Object to it in a tenant: it is left alone there. Possible until something is written."""
    _act_on(number, tenant, lambda part: objecting.make(part, command_actor(), reason), as_json)


@click.argument("number", type=ROW_NUMBER)
@click.argument("tenant")
@json_option
def take_back(number: int, tenant: str, as_json: bool) -> None:
    """Take an objection back: it comes to the tenant after all."""
    _act_on(number, tenant, lambda part: objecting.take_back(part, command_actor()), as_json)


@click.argument("number", type=ROW_NUMBER)
@click.argument("tenant")
@reason_option
@json_option
def override(number: int, tenant: str, reason: str, as_json: bool) -> None:
    """Have it come to a tenant whose manager objects. Where that takes somebody else, it is done in the browser."""
    _act_on(number, tenant, lambda part: objecting.override(part, command_actor(), reason), as_json)


def _act_on(number: int, tenant: str, act: Callable[[models.RollOutTenant], None], as_json: bool) -> None:
    with open_installation():
        rollout, place = _rollout(number), find_tenant(tenant)
        parts = rollout_tenants.all_of(rollout, [place.id])
        if not parts:
            raise Invalid(f"{place.name} is no part of roll-out {number}.")
        parts[0].rollout = rollout
        act(parts[0])
        _tell(rollout, wait=False, as_json=as_json)


def _act(number: int, act: Callable[[models.RollOut], None], as_json: bool, wait: bool = False) -> None:
    with open_installation():
        rollout = _rollout(number)
        act(rollout)
        _tell(rollout, wait, as_json)


def _rollout(number: int) -> models.RollOut:
    found = rollouts.find(number)
    if found is None:
        raise Invalid(f"There is no roll-out {number}. These are there: tenantkeep rollout list")
    return found


def _document(rollout: models.RollOut) -> dict[str, Any]:
    return rollout_document.details(rollout, rollout_tenants.all_of(rollout), is_whole=True)


def _tell(rollout: models.RollOut, wait: bool, as_json: bool) -> None:
    """Print how it stands; with `wait`, once it goes on no further. Exit code 1 where it stopped."""
    now = _rollout(rollout.id)
    while wait and now.state in _MOVING:
        time.sleep(LOOK_SECONDS)
        now = _rollout(rollout.id)
    document = _document(now)
    tenants = [f"  {part['tenant']['name']}: {_part_line(part)}" for part in document["tenants"]]
    print_result(as_json, document, "\n".join([_line(document), *tenants]))
    if wait:
        sys.exit(_EXIT_CODES.get(now.state, 0))


def _line(document: dict[str, Any]) -> str:
    what = f"{document['standard']['name']}, version {document['version']}, to {document['ring']}"
    return f"Roll-out {document['id']}: {what}: {document['state']}. {document['message']}".rstrip()


def _part_line(part: dict[str, Any]) -> str:
    counts = ", ".join(f"{count} {name}" for name, count in part["counts"].items() if count)
    conflicts = f"{part['conflicts']} changed by another hand" if part["conflicts"] else ""
    return ". ".join(filter(None, (part["state"], counts, conflicts, part["message"])))
