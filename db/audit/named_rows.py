"""Rows that audit events name, as far as they are there still: found for many events in a few statements."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.audit.audit import Action
from db.models import AuditEvent, BackupSet, Policy, Restore, Run, Snapshot, Tenant, User
from db.sql.value_lists import is_in

# `run 41`, `Backup set 3`, `snapshot 7 of “Name”`, `policy 5 “Name”`: how the subject of an event begins.
_NUMBERED = re.compile(r"(run|restore|backup set|snapshot|policy) (\d{1,18})\b", re.IGNORECASE)
PERSON = re.compile(r"user (\S+@\S+)")


@dataclass(frozen=True)
class NamedRows:
    """Rows by id, people by e-mail address."""

    runs: Mapping[int, Run]
    restores: Mapping[int, Restore]
    sets: Mapping[int, BackupSet]
    snapshots: Mapping[int, Snapshot]
    policies: Mapping[int, Policy]
    # (tenant, Graph id) -> policy, for events that name one so.
    written: Mapping[tuple[int, str], Policy]
    tenants: Mapping[int, Tenant]
    people: Mapping[str, User]


def find(events: Sequence[AuditEvent]) -> NamedRows:
    named = [(*numbered(event), event) for event in events]

    def of(kind: str, detail: str = "") -> set[int]:
        numbers = {number for name, number, _ in named if name == kind}
        return numbers | {number for event in events if (number := whole_number(details_of(event).get(detail)))}

    graph_ids = {str(details_of(event).get("graph_id")) for event in events if event.action == Action.POLICY_WRITTEN}
    written = list(Policy.select().where(is_in(Policy.graph_id, sorted(graph_ids)))) if graph_ids else []
    runs = _by_id(Run, of("run", "run"))
    return NamedRows(
        runs=runs,
        restores=_by_id(Restore, of("restore", "restore")),
        sets=_by_id(BackupSet, of("backup set")),
        snapshots=_by_id(Snapshot, of("snapshot")),
        policies=_by_id(Policy, of("policy")),
        written={(policy.tenant_id, policy.graph_id): policy for policy in written},
        tenants=_by_id(Tenant, {event.tenant_id for event in events if event.tenant_id}),
        people=_people(events, runs),
    )


def _by_id(model: Any, ids: Iterable[int]) -> dict[int, Any]:
    numbers = sorted(ids)
    return {row.id: row for row in model.select().where(is_in(model.id, numbers))} if numbers else {}


def _people(events: Sequence[AuditEvent], runs: Mapping[int, Run]) -> dict[str, User]:
    """Return e-mail -> person: who acted, whom events are about, and who started the runs."""
    emails = {event.actor for event in events}
    for event in events:
        found = PERSON.match(event.subject)
        emails |= {found[1]} if found else set()
        emails |= {str(details_of(event).get("asked_by", ""))}
    starters = sorted({run.requested_by_id for run in runs.values() if run.requested_by_id})
    people = User.select().where(is_in(User.email, sorted(emails)) | is_in(User.id, starters))
    return {user.email: user for user in people}


def details_of(event: AuditEvent) -> Mapping[str, Any]:
    """Return the event's details; none where it has something else."""
    return event.details if isinstance(event.details, dict) else {}


def numbered(event: AuditEvent) -> tuple[str, int]:
    """Return the kind and the number of the row that the event is about; ("", 0) where its subject names none."""
    found = _NUMBERED.match(event.subject)
    return (found[1].lower(), int(found[2])) if found else ("", 0)


def whole_number(value: object) -> int | None:
    """Return the value if it may be the id of a row."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63 else None
