"""An import of another tool beside a tenant, a backup set or another import. Policies are paired without opening any.

Between an export and a directory that it is of, an id is the same policy; all else is paired by type and name. What
an export has nothing of is not known, and no difference: a type, or a policy's assignments.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from actors.changes.whole_comparison import holds_all
from actors.document_sources.captured import DocumentSource, SetSource, SourceEntry, SourcePolicy, TenantSource
from actors.document_sources.imported import ImportSource
from actors.facade import policy_type_names
from actors.facade.snapshot_diff import MASK, Difference
from actors.facade.wording import Wording, wording_of
from db.errors import Invalid
from db.models import BackupSet, PolicyImport, Tenant
from db.states import Offer, SetState
from graph.display.diff import compare
from graph.display.labels import scope_tag_key
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import GROUPS
from graph.references.references import Reference, rewrite_references
from graph.references.stand_ins import is_stand_in

Names = Mapping[str, str | None]
# Of a type with one of these offers the tenant has no more than its snapshots.
_KNOWN = (Offer.OFFERED, Offer.NOT_OFFERED)


@dataclass(frozen=True)
class ImportPair:
    """A policy in the import (`imported`), on the other side (`other`), or in both.

    `has_other_id`: both have an id in one directory, and not the same: it is another policy of that name.
    `is_ambiguous`: one of both sides has several of its name, so nobody knows which is which.
    """

    imported: SourceEntry | None
    other: SourceEntry | None
    has_other_id: bool = False
    is_ambiguous: bool = False

    @property
    def entry(self) -> SourceEntry:
        return self.imported or self.other  # type: ignore[return-value]  # a pair has one of both


@dataclass(frozen=True)
class ImportComparison:
    """Both sides and their pairs, by policy type and name.

    `unread`: policy types that the other side does not hold whole: what of these it has not, the tenant may have.
    `other_types`: so many policy types are on the other side alone, and left out.
    """

    imported: DocumentSource
    other: DocumentSource
    pairs: list[ImportPair]
    unread: list[str]
    other_types: int

    @property
    def is_of_one_directory(self) -> bool:
        return bool(self.imported.directory_id) and self.imported.directory_id == self.other.directory_id


@dataclass(frozen=True)
class OpenedPair:
    """A pair with what differs, secrets masked. `differences` None: it was not compared, or cannot be opened."""

    pair: ImportPair
    differences: Sequence[Difference] | None = None
    are_assignments_known: bool = True
    has_masked: bool = False


def pair_up(policy_import: PolicyImport, other: Tenant | BackupSet | PolicyImport) -> ImportComparison:
    """Pair the policies of an import with the tenant's newest, or a set's. Raises Invalid where there is nothing."""
    source, is_whole = _other_side(policy_import, other)
    found = ImportComparison(ImportSource(policy_import), source, [], [], 0)
    ours, theirs = (_comparable(side.entries()) for side in (found.imported, source))
    if not theirs:
        raise Invalid("There is no policy on the other side yet: back the tenant up first.")
    types = {entry.policy_type for entry in ours}
    beside = [entry for entry in theirs if entry.policy_type in types]
    pairs = sorted(_paired(ours, beside, by_id=found.is_of_one_directory), key=_order)
    alone = {pair.entry.policy_type for pair in pairs if pair.other is None and not pair.is_ambiguous}
    unread = sorted(key for key in alone if not is_whole(key))
    return replace(found, pairs=pairs, unread=unread, other_types=len({entry.policy_type for entry in theirs} - types))


def _other_side(
    policy_import: PolicyImport, other: Tenant | BackupSet | PolicyImport
) -> tuple[DocumentSource, Callable[[str], bool]]:
    """Return the source, and what tells whether it holds all policies of a type."""
    if isinstance(other, Tenant):
        tenant_source = TenantSource(other)
        lacking = {row.policy_type for row in tenant_source.standings() if row.offer not in _KNOWN}
        return tenant_source, lambda policy_type: policy_type not in lacking
    if isinstance(other, BackupSet):
        if other.state == SetState.RUNNING:
            number = other.id
            raise Invalid(f"Backup set {number} is still being made. Wait for its end.")
        return SetSource(other), lambda policy_type: holds_all(other, policy_type)
    if other.id == policy_import.id:
        raise Invalid("Choose something else than the import itself.")
    # What an export leaves out, nobody knows: the page says so of each.
    return ImportSource(other), lambda policy_type: True


def _comparable(entries: Iterable[SourceEntry]) -> list[SourceEntry]:
    """Leave out groups, which exports hold to name them, and types of another release."""
    return [entry for entry in entries if entry.policy_type in POLICY_TYPES and entry.policy_type != GROUPS]


def _order(pair: ImportPair) -> tuple[str, str, str]:
    entry = pair.entry
    return policy_type_names.title(entry.policy_type).lower(), entry.name.lower(), entry.graph_id


def _paired(ours: list[SourceEntry], theirs: list[SourceEntry], *, by_id: bool) -> list[ImportPair]:
    pairs: list[ImportPair] = []
    if by_id:
        pairs, ours, theirs = _pair_off(ours, theirs, _id_key)
    named, ours, theirs = _pair_off(ours, theirs, _name_key)
    pairs += [replace(pair, has_other_id=by_id and _have_ids(pair)) for pair in named]
    ours_named, theirs_named = ({_name_key(entry) for entry in side} for side in (ours, theirs))
    pairs += [ImportPair(entry, None, is_ambiguous=_name_key(entry) in theirs_named) for entry in ours]
    return pairs + [ImportPair(None, entry, is_ambiguous=_name_key(entry) in ours_named) for entry in theirs]


def _pair_off(
    ours: Iterable[SourceEntry], theirs: Iterable[SourceEntry], key_of: Callable[[SourceEntry], Hashable | None]
) -> tuple[list[ImportPair], list[SourceEntry], list[SourceEntry]]:
    """Pair those that are alone with their key on both sides. Return these, and what is left of each side."""
    sides: list[dict[Hashable, list[SourceEntry]]] = [defaultdict(list), defaultdict(list)]
    for side, entries in zip(sides, (ours, theirs), strict=True):
        for entry in entries:
            side[key_of(entry)].append(entry)
    both = [key for key, mine in sides[0].items() if key and len(mine) == 1 == len(sides[1].get(key, ()))]
    pairs = [ImportPair(sides[0].pop(key)[0], sides[1].pop(key)[0]) for key in both]
    left = [[entry for entries in side.values() for entry in entries] for side in sides]
    return pairs, left[0], left[1]


def _id_key(entry: SourceEntry) -> Hashable | None:
    return (entry.policy_type, entry.graph_id.lower()) if entry.graph_id else None


def _name_key(entry: SourceEntry) -> Hashable:
    return entry.policy_type, entry.name.strip()


def _have_ids(pair: ImportPair) -> bool:
    return bool(pair.imported and pair.other and pair.imported.graph_id and pair.other.graph_id)


# --- what differs ----------------------------------------------------------------------------------------------------


def open_pairs(comparison: ImportComparison, pairs: Sequence[ImportPair], language: str) -> list[OpenedPair]:
    """Open the pairs that are on both sides, and compare them with one look into the catalogue of words."""
    ours = _opened(comparison.imported, [pair.imported for pair in pairs if pair.imported and pair.other])
    theirs = _opened(comparison.other, [pair.other for pair in pairs if pair.imported and pair.other])
    both = [_both(pair, ours, theirs, is_one_directory=comparison.is_of_one_directory) for pair in pairs]
    known = [(policy.policy_type, policy.content) for side in (ours, theirs) for policy in side.values()]
    wording = wording_of([(key, content) for key, content in known if content is not None], language)
    return [_compared(pair, two, wording) for pair, two in zip(pairs, both, strict=True)]


def _opened(source: DocumentSource, entries: Sequence[SourceEntry]) -> dict[int, SourcePolicy]:
    """Return key -> policy of those that can be opened. Their secrets are masked, the same way on both sides."""
    return {entry.key: policy for entry, policy in source.policies(entries) if policy.content is not None}


class _TwoContents(NamedTuple):
    """Two contents as far as both sides know them, with names in place of ids that only one side can have."""

    before: dict[str, Any]
    after: dict[str, Any]
    are_assignments_known: bool


def _both(
    pair: ImportPair, ours: Mapping[int, SourcePolicy], theirs: Mapping[int, SourcePolicy], *, is_one_directory: bool
) -> _TwoContents | None:
    """Return the contents of a pair; None where one is not there, or cannot be opened."""
    imported = ours.get(pair.imported.key) if pair.imported else None
    other = theirs.get(pair.other.key) if pair.other else None
    if not (imported and other):
        return None
    only = _names_of_stand_ins(imported.names, other.names) if is_one_directory else None
    before, after = _with_names(imported, only), _with_names(other, only)
    assigned = [content.get("assignments") for content in (before, after)]
    if None in assigned:
        before, after = {**before, "assignments": None}, {**after, "assignments": None}
    return _TwoContents(before, after, are_assignments_known=None not in assigned or assigned == [None, None])


def _names_of_stand_ins(*sides: Names) -> set[str]:
    return {name for names in sides for object_id, name in names.items() if name and is_stand_in(object_id)}


def _with_names(policy: SourcePolicy, only: Collection[str] | None) -> dict[str, Any]:
    """Put names in place of the ids of other objects; with `only`, none but these names."""

    def name_of(reference: Reference) -> str:
        name = policy.names.get(scope_tag_key(reference.id)) or policy.names.get(reference.id)
        return name if name and (only is None or name in only) else reference.id

    return rewrite_references(policy.policy_type, dict(policy.content or {}), name_of)


def _compared(pair: ImportPair, both: _TwoContents | None, wording: Wording) -> OpenedPair:
    if both is None:
        return OpenedPair(pair)
    differences = compare(POLICY_TYPES[pair.entry.policy_type], both.before, both.after, wording=wording)
    has_masked = MASK[:-1] in f"{both.before}{both.after}"
    return OpenedPair(pair, differences, both.are_assignments_known, has_masked)
