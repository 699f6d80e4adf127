"""The policies that a document is of, wherever they are from: a tenant, a backup set, one policy.

A source lists its policies without opening any, and opens them one after the other when they are written: however
many there are, few contents are in memory. Whatever else policies come from (a moment, an import) is another source.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from actors.documents.options import DocumentOptions, parse_day
from actors.facade import policy_type_names, snapshot_diff
from db.backups import backup_sets
from db.backups.completeness import count_unread
from db.documents import document_policies
from db.documents.document_policies import SNAPSHOTS_AT_ONCE, CapturedPolicy
from db.encryption import SealError
from db.errors import Invalid
from db.models import BackupSet, Coverage, Policy, Snapshot, Tenant
from db.policies import policies, snapshots
from db.sql.value_lists import batched
from db.states import ItemState, Offer, SetState
from db.tenants import coverage
from graph.display import labels


@dataclass(frozen=True)
class SourcePolicy:
    """One policy as a source holds it. `content`: {"body", "assignments"}, masked; None: it cannot be opened.

    `names`: {id: name} of what the content refers to. `facts`: what only some sources know, such as "policy_id".
    """

    policy_type: str
    odata_type: str | None
    graph_id: str
    name: str
    content: Mapping[str, Any] | None
    names: Mapping[str, str | None]
    captured_at: datetime | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceEntry:
    """A policy in the list of contents. `key`: by which the source opens it."""

    key: int
    policy_type: str
    odata_type: str | None
    graph_id: str
    name: str
    policy_id: int | None = None
    captured_at: datetime | None = None

    @property
    def type_title(self) -> str:
        return policy_type_names.title(self.policy_type, self.odata_type)


@dataclass(frozen=True)
class TypeStanding:
    """The completeness of one policy type in a source. `unread`: policies that were not; `why`: Graph's words."""

    policy_type: str
    offer: Offer
    unread: int = 0
    why: str = ""


@dataclass(frozen=True)
class UnreadPolicy:
    policy_type: str
    name: str
    why: str


# A row of a set's `types` that is older than its "offer".
_OFFER_OF_STATE = {
    ItemState.FAILED: Offer.FAILED,
    ItemState.PENDING: Offer.FAILED,
    ItemState.SKIPPED: Offer.NOT_PERMITTED,
}


class DocumentSource(Protocol):
    """Policies to make a document of, and what is known of them as a whole.

    `at`: the moment that they show; None: several, each policy its own.
    """

    @property
    def tenant_name(self) -> str: ...
    @property
    def directory_id(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def set_state(self) -> SetState | None: ...

    def entries(self) -> list[SourceEntry]: ...
    def standings(self) -> list[TypeStanding]: ...
    def unread(self) -> list[UnreadPolicy]: ...
    def policies(self, entries: Sequence[SourceEntry]) -> Iterator[tuple[SourceEntry, SourcePolicy]]: ...


class _Snapshots:
    """Policies as snapshots of ours have them."""

    def __init__(self, tenant: Tenant, snapshot_ids: Sequence[int]) -> None:
        self._tenant, self._ids = tenant, snapshot_ids

    @property
    def tenant_name(self) -> str:
        return str(self._tenant.name)

    @property
    def directory_id(self) -> str:
        return str(self._tenant.directory_id)

    @property
    def at(self) -> datetime | None:
        return None

    @property
    def set_state(self) -> SetState | None:
        return None

    def entries(self) -> list[SourceEntry]:
        """Return what there is, by the titles of types and by name."""
        rows = [_entry(row) for row in document_policies.listed(self._ids)]
        return sorted(rows, key=lambda row: (row.type_title.lower(), row.name.lower(), row.graph_id))

    def policies(self, entries: Sequence[SourceEntry]) -> Iterator[tuple[SourceEntry, SourcePolicy]]:
        for some in batched(entries, SNAPSHOTS_AT_ONCE):
            found = {snapshot.id: snapshot for snapshot in document_policies.load([entry.key for entry in some])}
            for entry in some:
                if entry.key in found:
                    yield entry, open_snapshot(found[entry.key])


def _entry(row: CapturedPolicy) -> SourceEntry:
    return SourceEntry(
        row.snapshot_id, row.policy_type, row.odata_type, row.graph_id, row.name, row.policy_id, row.captured_at
    )


def open_snapshot(snapshot: Snapshot) -> SourcePolicy:
    """Open one snapshot, its secrets masked whoever asks."""
    policy = snapshot.policy
    try:
        whole = snapshots.with_own_id(snapshots.read_snapshot(snapshot), policy.graph_id)
        names = snapshot_diff.object_names([(snapshot, whole)])
        content = snapshot_diff.mask_secrets(whole)
    except SealError:
        content, names = None, {}
    facts = {"policy_id": policy.id, "snapshot_id": snapshot.id}
    return SourcePolicy(
        policy.policy_type,
        policy.odata_type,
        policy.graph_id,
        snapshot.name,
        content,
        names,
        snapshot.captured_at,
        facts,
    )


class SetSource(_Snapshots):
    """A backup set, with what it says of its own completeness."""

    def __init__(self, backup_set: BackupSet) -> None:
        super().__init__(backup_set.tenant, backup_sets.snapshot_ids(backup_set))
        self._set = backup_set

    @property
    def at(self) -> datetime | None:
        return self._set.created_at

    @property
    def set_state(self) -> SetState | None:
        return SetState(self._set.state)

    def standings(self) -> list[TypeStanding]:
        return [type_standing(key, row) for key, row in self._set.types.items()]

    def unread(self) -> list[UnreadPolicy]:
        return [
            UnreadPolicy(str(row["policy_type"]), str(row["name"] or ""), str(row["message"] or row["reason"] or ""))
            for row in self._set.problems
        ]


def type_standing(policy_type: str, row: Mapping[str, Any]) -> TypeStanding:
    """Return what a row of a set's `types` says of its completeness."""
    offer = Offer(row.get("offer") or _OFFER_OF_STATE.get(row["state"], Offer.OFFERED))
    return TypeStanding(policy_type, offer, count_unread(row), str(row["message"] or ""))


def _offer_of(row: Coverage) -> Offer:
    """Return what a tenant's row says: what the last backup lacks some of is not whole, whatever its list said."""
    offer = Offer(row.offer)
    return Offer.FAILED if offer == Offer.OFFERED and row.bad_since else offer


class TenantSource(_Snapshots):
    """A tenant, or one policy of it, as the newest snapshots have it."""

    def __init__(self, tenant: Tenant, policy: Policy | None = None) -> None:
        super().__init__(tenant, document_policies.newest_snapshot_ids(tenant, policy))
        self._policy = policy

    def standings(self) -> list[TypeStanding]:
        if self._policy is not None:
            return []
        lacking = {row.policy_type: row for row in coverage.uncovered(self._tenant)}
        whole = sorted({entry.policy_type for entry in self.entries()} - lacking.keys())
        standings = [TypeStanding(row.policy_type, _offer_of(row), why=row.why or "") for row in lacking.values()]
        return [*standings, *(TypeStanding(key, Offer.OFFERED) for key in whole)]

    def unread(self) -> list[UnreadPolicy]:
        return []


def narrowed(source: DocumentSource, options: DocumentOptions) -> list[SourceEntry]:
    """Return the entries that the options leave. Only for “assigned” are contents opened, one after the other."""
    entries = source.entries()
    if options.types:
        entries = [entry for entry in entries if entry.policy_type in options.types]
    if options.changed_since is not None:
        day = parse_day(options.changed_since)
        entries = [entry for entry in entries if entry.captured_at and entry.captured_at.date() >= day]
    if options.only_assigned:
        entries = [entry for entry, policy in source.policies(entries) if is_assigned(policy)]
    return entries


def is_assigned(policy: SourcePolicy) -> bool:
    """Return whether the policy reaches anybody. One that cannot be opened, or needs no assignment, is not left out."""
    if policy.content is None or policy.content.get("assignments") is None:
        return True
    return any(not labels.is_exclusion(assignment) for assignment in policy.content["assignments"])


def is_of_standing(standing: TypeStanding, options: DocumentOptions) -> bool:
    return not options.types or standing.policy_type in options.types


def source_of(tenant: Tenant, options: DocumentOptions) -> DocumentSource:
    """Return the source that the options name. Raises Invalid where it is gone, or of another tenant."""
    if options.backup_set is not None:
        return SetSource(set_of(tenant, options.backup_set))
    if options.policy is None:
        return TenantSource(tenant)
    chosen = policies.chosen(tenant, [options.policy])
    if not chosen:
        raise Invalid("The policy is no longer here.")
    return TenantSource(tenant, chosen[0])


def set_of(tenant: Tenant, number: int) -> BackupSet:
    backup_set = backup_sets.find_of_tenant(tenant, number)
    if backup_set is None:
        raise Invalid(f"Backup set {number} is no longer here.")
    if backup_set.state == SetState.RUNNING:
        raise Invalid(f"Backup set {number} is still being made. Wait for its end.")
    return backup_set
