"""Two backup sets compared whole: of one tenant, or of two. Policies are paired without opening any content.

Within a tenant a policy is itself, and equal contents are one row: what is the same is left out at once. Two tenants
have other ids in everything, so equal fingerprints mean nothing there: their policies are paired by type and name, and
whoever shows some pairs opens those (docs/changes.md).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.facade import policy_type_names, snapshot_diff
from db.backups import backup_sets
from db.backups.completeness import is_whole
from db.changes import ignored_fields, severity_rules
from db.encryption import SealError
from db.errors import Invalid
from db.models import BackupSet, Snapshot
from db.policies import snapshots
from db.sql.value_lists import batched
from db.states import ChangeKind, SetState, Severity
from graph.changes import severity
from graph.changes.differences import changed_places, unread_paths
from graph.changes.ignored_paths import is_ignored, patterns_of
from graph.changes.severity import ChangeFacts, RuleSetting
from graph.display.labels import NamesById
from graph.policy_types.table import POLICY_TYPES
from graph.references.references import Reference, rewrite_references


@dataclass(frozen=True)
class PolicyPair:
    """A policy on both sides, or on one. `is_ambiguous`: the other side has several of its name, or this side has."""

    policy_type: str
    name: str
    before: Snapshot | None
    after: Snapshot | None
    is_ambiguous: bool = False

    @property
    def kind(self) -> ChangeKind:
        if self.before is None:
            return ChangeKind.ADDED
        return ChangeKind.CHANGED if self.after else ChangeKind.REMOVED


@dataclass(frozen=True)
class ComparedPair:
    """The differences of a pair: [{"path", "label", "how"}], without values. `severity` None: it is the same.

    `is_unopened`: a content could not be opened, so nobody knows.
    """

    pair: PolicyPair
    severity: Severity | None
    differences: Sequence[Mapping[str, str]] = ()
    is_unopened: bool = False


@dataclass(frozen=True)
class WholeComparison:
    """Two backup sets and their pairs, by policy type and name. `same`: how many were equal and are left out.

    `unread`: policy types of which one side does not hold all: what the other has alone of these is left out too.
    """

    before: BackupSet
    after: BackupSet
    pairs: list[PolicyPair]
    same: int
    unread: list[str]

    @property
    def is_of_one_tenant(self) -> bool:
        return bool(self.before.tenant_id == self.after.tenant_id)


def pair_up(before: BackupSet, after: BackupSet) -> WholeComparison:
    """Pair the policies of two sets, in some statements for each side. Raises Invalid for a set with itself."""
    if before.id == after.id:
        raise Invalid("Choose two different backup sets.")
    left, right = _load(before), _load(after)
    found = _by_policy(left, right) if before.tenant_id == after.tenant_id else _by_name(left, right)
    unread = {
        pair.policy_type
        for pair in found
        if (pair.before is None and not holds_all(before, pair.policy_type))
        or (pair.after is None and not holds_all(after, pair.policy_type))
    }
    known = [pair for pair in found if pair.policy_type not in unread or (pair.before and pair.after)]
    differing = [pair for pair in known if not _is_one_content(pair)]
    differing.sort(key=lambda pair: (policy_type_names.title(pair.policy_type).lower(), pair.name.lower()))
    return WholeComparison(before, after, differing, len(known) - len(differing), sorted(unread))


def holds_all(backup_set: BackupSet, policy_type: str) -> bool:
    """Tell whether a policy of the type that the set has not was not in the tenant."""
    if "policies" in backup_set.selection:
        return False
    row = backup_set.types.get(policy_type)
    return is_whole(row) if row else backup_set.state == SetState.COMPLETE and not backup_set.selection


def _load(backup_set: BackupSet) -> list[Snapshot]:
    ids = backup_sets.snapshot_ids(backup_set)
    return [snapshot for some in batched(ids) for snapshot in snapshots.with_policies(some)]


def _is_one_content(pair: PolicyPair) -> bool:
    return bool(pair.before and pair.after and pair.before.content_id == pair.after.content_id)


def _by_policy(left: Iterable[Snapshot], right: Iterable[Snapshot]) -> list[PolicyPair]:
    before = {snapshot.policy_id: snapshot for snapshot in left}
    after = {snapshot.policy_id: snapshot for snapshot in right}
    return [_pair(before.get(key), after.get(key)) for key in sorted(before.keys() | after.keys())]


def _pair(before: Snapshot | None, after: Snapshot | None, *, is_ambiguous: bool = False) -> PolicyPair:
    named: Any = after or before
    return PolicyPair(named.policy.policy_type, named.name, before, after, is_ambiguous)


# Policy type, name, OData type and platform: what a restore goes by to find a policy in another tenant, as far as a
# list has it (graph.policy_types.policy_type.match_key).
NameKey = tuple[str, str, str, str]


def _key(snapshot: Snapshot) -> NameKey:
    policy = snapshot.policy
    name = (
        "(default)" if policy.is_built_in and POLICY_TYPES[policy.policy_type].has_defaults else snapshot.name.strip()
    )
    return policy.policy_type, name, policy.odata_type or "", policy.platform or ""


def _by_name(left: Iterable[Snapshot], right: Iterable[Snapshot]) -> list[PolicyPair]:
    """Pair what has a name of its own on both sides. Of several with one name nobody knows which is which."""
    sides = [defaultdict[NameKey, list[Snapshot]](list), defaultdict[NameKey, list[Snapshot]](list)]
    for side, of_side in zip(sides, (left, right), strict=True):
        for snapshot in of_side:
            if snapshot.policy.policy_type in POLICY_TYPES:
                side[_key(snapshot)].append(snapshot)
    pairs = []
    for key in sorted(sides[0].keys() | sides[1].keys()):
        ours, theirs = sides[0].get(key, []), sides[1].get(key, [])
        if len(ours) == len(theirs) == 1:
            pairs.append(_pair(ours[0], theirs[0]))
            continue
        is_ambiguous = bool(ours and theirs)
        pairs += [_pair(snapshot, None, is_ambiguous=is_ambiguous) for snapshot in ours]
        pairs += [_pair(None, snapshot, is_ambiguous=is_ambiguous) for snapshot in theirs]
    return pairs


class Comparer:
    """Opens pairs and says what they differ by, and how grave that is by the rules of the later set's tenant."""

    def __init__(self, comparison: WholeComparison) -> None:
        self._is_of_one_tenant = comparison.is_of_one_tenant
        self._tenant_id = comparison.after.tenant_id
        names = ("name", "severity", "is_active", "policy_type", "path")
        self._rules = [RuleSetting(**{name: getattr(row, name) for name in names}) for row in severity_rules.all_set()]
        self._ignored: dict[str, Any] = {}

    def compare(self, pair: PolicyPair) -> ComparedPair:
        policy_type = POLICY_TYPES[pair.policy_type]
        try:
            before, after = (_open(snapshot) for snapshot in (pair.before, pair.after))
        except SealError:
            return ComparedPair(pair, Severity.MEDIUM, is_unopened=True)
        places = []
        if pair.before and pair.after and before and after:
            names = snapshot_diff.object_names([(pair.before, before), (pair.after, after)])
            if not self._is_of_one_tenant:
                before, after = (_with_names(pair.policy_type, content, names) for content in (before, after))
            unread = unread_paths(pair.before.proof, pair.after.proof)
            ignored = self._ignored_in(pair.policy_type)
            places = [
                place
                for place in changed_places(policy_type, before, after, names, unread)
                if not is_ignored(place.path, ignored)
            ]
            if not places:
                return ComparedPair(pair, None)
        facts = ChangeFacts(policy_type, str(pair.kind), places, before, after)
        graveness = severity.assess(facts, self._rules)
        return ComparedPair(pair, Severity(graveness.severity), [place.as_json() for place in places])

    def _ignored_in(self, policy_type: str) -> Any:
        if policy_type not in self._ignored:
            added = [row.path for row in ignored_fields.of_tenant(self._tenant_id, policy_type)]
            self._ignored[policy_type] = patterns_of(policy_type, added)
        return self._ignored[policy_type]


def _open(snapshot: Snapshot | None) -> dict[str, Any] | None:
    return snapshots.read_snapshot(snapshot) if snapshot else None


def _with_names(policy_type: str, content: dict[str, Any], names: NamesById) -> dict[str, Any]:
    """Put names in place of the ids of other objects: those of one name stand for each other in two tenants."""

    def name_of(reference: Reference) -> str:
        return names.get(reference.id) or reference.id

    return rewrite_references(policy_type, content, name_of)
