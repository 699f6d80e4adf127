"""Making a version of a standard: of a tenant's snapshots, of an import, of an earlier version changed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from actors.imports.restoring import source_name
from actors.standards.taken_contents import PolicyToTake, TakenItem, VersionSource, take_all
from db.audit.audit import Actor
from db.errors import Invalid
from db.imports import policy_imports
from db.models import PolicyImport, Standard, StandardVersion, Tenant
from db.policies import snapshots
from db.standards import versions
from db.standards.versions import NewItem, NewVersion
from db.states import StandardSource
from graph.content.fingerprint import content_hash
from graph.content.spellings import GUID
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import DIRECTORIES
from graph.standards.finding import ItemContent, SourceFacts, find_parameters
from graph.standards.values import DOMAIN, OBJECT, PREFIX, TEXT

# Contents that are open at a time.
_OPENED_AT_ONCE = 50


@dataclass(frozen=True)
class VersionChoices:
    """The choices of whoever makes a version.

    `after`: the number of the newest version that they have seen. `words`: texts that differ between tenants, besides
    those that are found. `prefix`: what names begin with; None: it is looked for. `harmless`: rows of policies whose
    scripts and files they have looked at, and that hold no secret.
    """

    notes: str = ""
    after: int = 0
    with_assignments: bool = True
    words: Sequence[str] = ()
    prefix: str | None = None
    harmless: Collection[int] = ()


def from_snapshots(
    standard: Standard, tenant: Tenant, snapshot_ids: Sequence[int], actor: Actor, choices: VersionChoices
) -> StandardVersion:
    """Make a version of exactly these snapshots of a tenant. Raises Invalid, CannotBeTaken."""
    before = versions.newest(standard)
    source = VersionSource(standard, str(tenant.directory_id), before)
    taken = _take_snapshots(source, tenant, snapshot_ids, choices)
    origin = _Origin(StandardSource.TENANT, str(tenant.name), tenant)
    return _make(standard, origin, taken, source, before, actor, choices)


def from_import(
    standard: Standard,
    policy_import: PolicyImport,
    policy_ids: Collection[int],
    actor: Actor,
    choices: VersionChoices,
) -> StandardVersion:
    """Make a version of policies of an import; of all, where none are named. Raises Invalid, CannotBeTaken."""
    if policy_import.kept_at is None:
        raise Invalid("Keep the import first: then a standard can be made of it.")
    before = versions.newest(standard)
    source = VersionSource(standard, str(policy_import.source_directory_id), before)
    rows = policy_imports.policies_of(policy_import)
    chosen = [row for row in rows if not policy_ids or row.id in policy_ids]
    unfilled = next((row for row in chosen if row.placeholders), None)
    if unfilled:
        raise Invalid(f"Fill in the placeholders of “{unfilled.name[:80]}” first, or leave it out.")
    policies = (
        PolicyToTake(row.id, row.policy_type, row.graph_id, row.name, policy_imports.read(row), row.references)
        for row in chosen
    )
    taken = take_all(source, policies, with_assignments=choices.with_assignments, harmless=choices.harmless)
    origin = _Origin(StandardSource.IMPORT, source_name(policy_import), None)
    return _make(standard, origin, taken, source, before, actor, choices)


def from_version(
    standard: Standard,
    version: StandardVersion,
    actor: Actor,
    choices: VersionChoices,
    *,
    without: Collection[str] = (),
    tenant: Tenant | None = None,
    snapshot_ids: Sequence[int] = (),
) -> StandardVersion:
    """Make a version of an earlier one, without some items, and with a tenant's policies as they are there now.

    A policy that is an item already takes the item's place. Raises Invalid, CannotBeTaken.
    """
    source = VersionSource(standard, str(tenant.directory_id) if tenant else "", version)
    new = _take_snapshots(source, tenant, snapshot_ids, choices) if tenant and snapshot_ids else []
    replaced = {item.key for item in new} | set(without)
    contents = versions.read_all(version)
    rows = versions.items(version)
    kept = [
        TakenItem(row.key, row.policy_type, row.name, contents[row.key], row.references)
        for row in rows
        if row.key not in replaced
    ]
    unknown = set(without) - {row.key for row in rows}
    if unknown:
        raise Invalid(f"Version {version.number} has no item {sorted(unknown)[0][:80]}.")
    if not new and len(kept) == len(rows):
        raise Invalid(f"That would be version {version.number} again. Choose what is to be taken, or to be left out.")
    name = f"version {version.number}" + (f", and {tenant.name}" if tenant and new else "")
    origin = _Origin(StandardSource.VERSION, name, tenant if new else None)
    return _make(standard, origin, [*kept, *new], source, version, actor, choices)


@dataclass(frozen=True)
class _Origin:
    source: StandardSource
    name: str
    tenant: Tenant | None


def _take_snapshots(
    source: VersionSource, tenant: Tenant, snapshot_ids: Sequence[int], choices: VersionChoices
) -> list[TakenItem]:
    ids = list(dict.fromkeys(snapshot_ids))
    if len(ids) > versions.MOST_ITEMS:
        raise Invalid(f"A version may have {versions.MOST_ITEMS:,} policies, and these are {len(ids):,}.")
    policies: list[PolicyToTake] = []
    for begin in range(0, len(ids), _OPENED_AT_ONCE):
        rows = snapshots.load_with_contents(ids[begin : begin + _OPENED_AT_ONCE])
        for row in rows:
            if row.tenant_id != tenant.id:
                raise Invalid(f"Snapshot {row.id} is not of {tenant.name}.")
            policies.append(
                PolicyToTake(
                    row.id,
                    row.policy.policy_type,
                    row.policy.graph_id,
                    row.name,
                    snapshots.open_content(row.content),
                    row.references,
                )
            )
    missing = set(ids) - {policy.row for policy in policies}
    if missing:
        raise Invalid(f"There is no snapshot {min(missing)}: it may have been pruned. Choose again.")
    return take_all(source, policies, with_assignments=choices.with_assignments, harmless=choices.harmless)


def _make(
    standard: Standard,
    origin: _Origin,
    taken: Sequence[TakenItem],
    source: VersionSource,
    before: StandardVersion | None,
    actor: Actor,
    choices: VersionChoices,
) -> StandardVersion:
    items = sorted(taken, key=lambda item: (POLICY_TYPES[item.policy_type].title, item.name.lower(), item.key))
    marks = {item.key: content_hash(item.content) for item in items}
    parameters = find_parameters(
        [ItemContent(item.key, item.policy_type, item.name, item.content) for item in items],
        _facts(standard, items, source, before, choices),
    )
    new = NewVersion(
        source=origin.source,
        source_name=origin.name,
        source_tenant=origin.tenant,
        notes=choices.notes,
        items=[NewItem(item.key, item.policy_type, item.name, marks[item.key], item.references) for item in items],
        contents={marks[item.key]: item.content for item in items},
        parameters=parameters,
        based_on=before.number if before else None,
        with_assignments=choices.with_assignments,
        after=choices.after,
    )
    return versions.make(standard, new, actor)


def _facts(
    standard: Standard,
    items: Sequence[TakenItem],
    source: VersionSource,
    before: StandardVersion | None,
    choices: VersionChoices,
) -> SourceFacts:
    """Return what parameters are found by: what the version before had stays a parameter."""
    names = {
        (kind, object_id): name
        for item in items
        for kind, known in item.references.items()
        if kind != "principals"
        for object_id, name in known.items()
    }
    was: dict[str, list[Any]] = {}
    for parameter in before.parameters if before else ():
        was.setdefault(parameter["kind"], []).append(parameter)
    for parameter in was.get(OBJECT, ()):
        names[parameter["object"]["kind"], parameter["object"]["id"]] = parameter["label"]
    prefix = choices.prefix
    if prefix is None and was.get(PREFIX):
        prefix = str(was[PREFIX][0]["default"])
    own = [str(source.tenant.name)] if source.tenant else []
    return SourceFacts(
        names=names,
        domains=[*(parameter["default"] for parameter in was.get(DOMAIN, ())), *source.domains],
        words=[*(parameter["default"] for parameter in was.get(TEXT, ())), *choices.words, *own],
        prefix=prefix,
        known={**_known(names), str(standard.uid): DIRECTORIES},
    )


def _known(names: Collection[tuple[str, str]]) -> dict[str, str]:
    return {object_id.lower(): kind for kind, object_id in names if GUID.fullmatch(object_id)}
