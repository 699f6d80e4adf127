"""`assignments.look_up`: finds one person or device in a tenant, reads its groups, and works out what it gets.

What is asked and found is sealed, and goes after a few days: db/assignments/look_ups.py. Nothing of it stands in the
run, in its messages, in logs or in the audit log.
"""

from collections.abc import Sequence
from typing import Any

import dramatiq

from actors.assignments.effective import EffectivePolicy, Receiver, effective_policies
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import GivenUp, run_claimed
from actors.tenants.graph_clients import signed_in_client
from db.assignments import look_ups, target_lists
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database
from db.encryption import SealError, keyring
from db.errors import Invalid
from db.models import PolicyTarget, Tenant
from db.runs import claims, runs
from db.runs.claims import Claim
from db.states import RunKind
from graph.assignments.target import GROUP
from graph.read import memberships
from graph.read.memberships import DEVICE, LONGEST_NAME, PERSON, DirectoryObject
from graph.transport.batch_driver import drive_one

KINDS = (PERSON, DEVICE)
GONE = "What this run was to look up is kept no longer. Ask again."


def start(tenant: Tenant, kind: str, name: str, actor: Actor) -> EnqueuedRun:
    """Start looking up a person, by user name or id, or a device, by name or id. Raises Invalid."""
    name = name.strip()
    if kind not in KINDS:
        raise Invalid("Look up a person or a device.")
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("Type the name of the device." if kind == DEVICE else "Type the person's user name.")
    if kind == PERSON and not memberships.is_user_name(name):
        raise Invalid(f"“{name}” is no user name: give one like ann@contoso.com, or the person's object id.")
    # The key is on record, and names nobody: without our own key nobody can try names with it.
    mark = keyring().mark(f"{kind} {name.lower()}")
    with database.atomic():
        started = runs.start(
            tenant=tenant,
            kind=RunKind.LOOK_UP,
            dedupe_key=f"{RunKind.LOOK_UP}:{tenant.id}:{mark}",
            items=[],
            actor=actor,
        )
        if started.is_new:
            look_ups.create(started.run, {"kind": kind, "name": name})
    return enqueue_new(started)


@dramatiq.actor(actor_name=RunKind.LOOK_UP, queue_name=INTERACTIVE)
def look_up(run_id: int) -> None:
    run_claimed(run_id, RunKind.LOOK_UP, _look_up)


def _look_up(claim: Claim) -> None:
    asked = _asked(claim)
    client = signed_in_client(claim.run.tenant)
    try:
        found = drive_one(client, memberships.read_membership(asked["kind"], asked["name"]))
    except memberships.NotPermitted as e:
        raise GivenUp("forbidden", str(e)) from e
    except memberships.NotThere as e:
        raise GivenUp("not_found", str(e)) from e
    document = {**asked, "found": _document(claim.run.tenant, asked["kind"], found)}
    with database.atomic():
        claims.assert_claim(claim)
        look_ups.save(claim.run, document)


def _asked(claim: Claim) -> dict[str, Any]:
    try:
        asked = look_ups.find(claim.run.id)
    except SealError as e:
        raise GivenUp("gone", GONE) from e
    if asked is None:
        raise GivenUp("gone", GONE)
    return asked


def _document(tenant: Tenant, kind: str, found: DirectoryObject) -> dict[str, Any]:
    """Return what is kept: of all groups, those that some policy names."""
    targets = target_lists.assigning(tenant)
    subject = Receiver(kind, found.object_id, found.groups.keys(), found.is_guest)
    effective = effective_policies(subject, targets)
    named = {row.object_id for row in targets if row.kind == GROUP}
    return {
        "name": found.name,
        "at": utcnow().isoformat(timespec="seconds"),
        "group_count": len(found.groups),
        "groups": {group_id: name for group_id, name in found.groups.items() if group_id in named},
        "policies": _rows(effective, targets),
    }


def _rows(effective: Sequence[EffectivePolicy], targets: Sequence[PolicyTarget]) -> list[dict[str, Any]]:
    """Write the targets out: the index may have others tomorrow."""
    by_id = {row.id: row for row in targets}
    return [
        {
            "policy": row.policy_id,
            "verdict": row.verdict,
            "reasons": [_target(by_id[number]) for number in row.reasons],
            "open": [_target(by_id[number]) for number in row.open_questions],
        }
        for row in effective
    ]


def _target(row: PolicyTarget) -> dict[str, Any]:
    fields = ("kind", "object_id", "is_excluded", "place", "intent", "filter_id", "filter_mode", "is_gone", "terms")
    return {name: getattr(row, name) for name in fields}
