"""The policies that a document is of, as captured: a tenant, now or at a moment, a backup set, one policy.

A source lists its policies without opening any, and opens them one after the other when they are written: however
many there are, few contents are in memory.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from actors.facade import policy_type_names, snapshot_diff
from db.backups import backup_sets
from db.backups.completeness import count_unread
from db.documents import document_policies
from db.documents.document_policies import SNAPSHOTS_AT_ONCE, CapturedPolicy
from db.encryption import SealError
from db.models import BackupSet, Coverage, Policy, Snapshot, Tenant
from db.policies import moments, snapshots
from db.policies.moments import PolicyThen
from db.sql.value_lists import batched
from db.states import ItemState, Offer, SetState
from db.tenants import coverage


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
    """A policy in the list of contents. `key`: by which the source opens it. `remarks`: what its reader should know."""

    key: int
    policy_type: str
    odata_type: str | None
    graph_id: str
    name: str
    policy_id: int | None = None
    captured_at: datetime | None = None
    remarks: Sequence[str] = ()

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
    """A policy that is not in the document. `policy_type` "": a file of an import, of which nobody knows."""

    policy_type: str
    name: str
    why: str


# A row of a set's `types` that is older than its "offer".
_OFFER_OF_STATE = {
    ItemState.FAILED: Offer.FAILED,
    ItemState.PENDING: Offer.FAILED,
    ItemState.SKIPPED: Offer.NOT_PERMITTED,
}


class Certainty(NamedTuple):
    """A sentence on how far the whole can be relied on, and what its places take."""

    words: str
    values: Mapping[str, Any]


_MOMENT_WORDS = {
    "known": "{all} policies were in the tenant then. All of them are known as they were.",
    "unsure": "{all} policies were in the tenant then. "
    "Of {unsure} nobody knows for certain how they were: each says so.",
    "before": "Nothing is known of this moment: the tenant was looked at later.",
}
_DOUBT_WORDS = {
    "never": "Never captured: nobody knows how it was.",
    "later": "Captured first after this moment: it may have been otherwise.",
    "changed": "Seen changed later: it may have been changed before this moment.",
    "gone": "Found gone later: it may have been gone by this moment.",
}


class DocumentSource(Protocol):
    """Policies to make a document of, and what is known of them as a whole.

    `at`: the moment that they show, and `captured_at`: when they were read; None: several, each policy its own.
    `imported_at`: they are another tool's, and were never captured. `directory_id`: "" where nobody knows it.
    """

    @property
    def tenant_name(self) -> str: ...
    @property
    def directory_id(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...
    @property
    def captured_at(self) -> datetime | None: ...
    @property
    def imported_at(self) -> datetime | None: ...
    @property
    def set_state(self) -> SetState | None: ...
    @property
    def certainty(self) -> Certainty | None: ...

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
    def captured_at(self) -> datetime | None:
        return None

    @property
    def imported_at(self) -> datetime | None:
        return None

    @property
    def set_state(self) -> SetState | None:
        return None

    @property
    def certainty(self) -> Certainty | None:
        return None

    def entries(self) -> list[SourceEntry]:
        """Return what there is, by the titles of types and by name."""
        return in_order(_entry(row) for row in document_policies.listed(self._ids))

    def policies(self, entries: Sequence[SourceEntry]) -> Iterator[tuple[SourceEntry, SourcePolicy]]:
        for some in batched(entries, SNAPSHOTS_AT_ONCE):
            found = {snapshot.id: snapshot for snapshot in document_policies.load([entry.key for entry in some])}
            for entry in some:
                if entry.key in found:
                    yield entry, open_snapshot(found[entry.key])


def in_order(entries: Iterable[SourceEntry]) -> list[SourceEntry]:
    return sorted(entries, key=lambda row: (row.type_title.lower(), row.name.lower(), row.graph_id))


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
    def captured_at(self) -> datetime | None:
        return self.at

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


class MomentSource(_Snapshots):
    """A tenant as it was at a moment, with what is not certain of it."""

    def __init__(self, tenant: Tenant, at: datetime) -> None:
        self._moment = moments.moment(tenant, at)
        super().__init__(tenant, self._moment.snapshot_ids)

    @property
    def at(self) -> datetime | None:
        return self._moment.at

    @property
    def certainty(self) -> Certainty | None:
        unsure = sum(map(_is_unsure, self._moment.policies))
        words = "before" if self._moment.is_before_all else "unsure" if unsure else "known"
        return Certainty(_MOMENT_WORDS[words], {"all": len(self._moment.policies), "unsure": unsure})

    def entries(self) -> list[SourceEntry]:
        doubts = {policy.snapshot_id: _doubts(policy) for policy in self._moment.policies}
        return [replace(entry, remarks=doubts[entry.key]) for entry in super().entries()]

    def standings(self) -> list[TypeStanding]:
        return []

    def unread(self) -> list[UnreadPolicy]:
        never = [policy for policy in self._moment.policies if policy.version is None]
        return [UnreadPolicy(policy.policy_type, policy.name, _DOUBT_WORDS["never"]) for policy in never]


def _is_unsure(policy: PolicyThen) -> bool:
    return policy.may_differ or policy.may_have_been_gone


def _doubts(policy: PolicyThen) -> list[str]:
    doubts = []
    if policy.may_differ:
        doubts.append("later" if policy.is_captured_later else "changed")
    if policy.may_have_been_gone:
        doubts.append("gone")
    return [_DOUBT_WORDS[doubt] for doubt in doubts]
