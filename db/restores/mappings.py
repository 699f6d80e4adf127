"""Mappings: which object of a tenant stands for one of another directory.

A person sets it, or a restore remembers it.
"""

import re
from collections.abc import Collection
from collections.abc import Mapping as MappingOf

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database
from db.errors import Invalid
from db.models import DirectoryName, Mapping, Policy, Restore, RestoreItem, Tenant
from db.policies import policies
from db.restores import four_eyes
from db.sql import upserts
from db.sql.value_lists import is_in
from db.states import CHANGEABLE, SUCCESSFUL_OUTCOMES, PolicyState, RestoreState

# What has its names in the directory, and is no policy.
DIRECTORY_KINDS = ("groups", "users", "servicePrincipals", "agentIdentities")
_DOMAIN, _NO_LETTERS = re.compile(r"(?<=\w)@[\w.-]+"), re.compile(r"[^\w]|_")

# (kind, id of the object)
ObjectKey = tuple[str, str]
# The id that stands for what has nothing in the tenant, as a person said, and is to be made anew. It is no target.
NONE_OF_THEM = "none"
# The number of a pair's restores that are searched for objects without a mapping.
NEWEST_RESTORES = 20


def of_pair(tenant: Tenant, source_directory_id: str) -> list[Mapping]:
    return list(
        Mapping.select()
        .where((Mapping.tenant == tenant) & (Mapping.source_directory_id == source_directory_id))
        .order_by(Mapping.kind, Mapping.source_name, Mapping.id)
    )


def source_directories(tenant: Tenant) -> list[str]:
    """Return the directories that this tenant has restores or mappings from."""
    directory_ids: set[str] = set()
    for model in (Restore, Mapping):
        rows = model.select(model.source_directory_id).where(model.tenant == tenant).distinct().tuples()
        directory_ids |= {row[0] for row in rows}
    return sorted(directory_ids)


def targets_by_key(tenant: Tenant, source_directory_id: str) -> dict[ObjectKey, str]:
    """Return (kind, id in the source) -> id in the target."""
    rows = of_pair(tenant, source_directory_id)
    return {(row.kind, row.source_id): row.target_id for row in rows if row.target_id != NONE_OF_THEM}


def declined(tenant: Tenant, source_directory_id: str) -> set[ObjectKey]:
    """Return (kind, id in the source) of policies of which a person said that none of the tenant's is it."""
    is_none = (Mapping.tenant == tenant) & (Mapping.target_id == NONE_OF_THEM)
    rows = Mapping.select(Mapping.kind, Mapping.source_id)
    return set(rows.where(is_none & (Mapping.source_directory_id == source_directory_id)).tuples())


def set_mapping(
    tenant: Tenant,
    source_directory_id: str,
    key: ObjectKey,
    target_id: str,
    actor: Actor,
    *,
    source_name: str | None = None,
    target_name: str | None = None,
) -> None:
    """Set a mapping in a person's name. Raises Invalid without a target."""
    target_id = target_id.strip()[:200]
    if not all((key[0], key[1], target_id)):
        raise Invalid("A mapping needs the id of an object on both sides.")
    with database.atomic():
        _save(tenant, source_directory_id, key, target_id, source_name, target_name, actor.user_id)
        audit.record_of_tenant(Action.MAPPING_SET, actor, tenant, kind=key[0], source=key[1], target=target_id)


def set_many(
    tenant: Tenant,
    source_directory_id: str,
    targets: MappingOf[ObjectKey, str],
    actor: Actor,
    source_names: MappingOf[ObjectKey, str | None],
) -> None:
    """Set mappings in a person's name, all or none. Raises Invalid as `set_mapping` does."""
    with database.atomic():
        for key, target_id in targets.items():
            names = {"source_name": source_names.get(key), "target_name": object_name(tenant, (key[0], target_id))}
            set_mapping(tenant, source_directory_id, key, target_id, actor, **names)


def remember(tenant: Tenant, source_directory_id: str, key: ObjectKey, target_id: str, name: str) -> None:
    """Let the object that a restore made stand, from now on, for the one that it was made from.

    It stands for what an earlier restore made of the same too, where that was deleted since.
    """
    former = _find(tenant, source_directory_id, key)
    if key[1] != target_id:
        _save(tenant, source_directory_id, key, target_id, name, name, None)
    if former and former.set_by_id is None and _is_gone(tenant, key[0], former.target_id, target_id):
        _save(tenant, tenant.directory_id, (key[0], former.target_id), target_id, name, name, None)


def remember_found(
    tenant: Tenant,
    source_directory_id: str,
    found: MappingOf[ObjectKey, tuple[str, str | None]],
    source_names: MappingOf[ObjectKey, str | None],
) -> None:
    """Remember, in nobody's name, (id, name) of what stands for objects of the source. What is known already stays."""
    known = {(row.kind, row.source_id) for row in of_pair(tenant, source_directory_id)}
    fixed = {"tenant": tenant.id, "source_directory_id": source_directory_id, "set_by": None, "set_at": utcnow()}
    rows = [
        {
            **fixed,
            "kind": key[0],
            "source_id": key[1],
            "source_name": source_names.get(key),
            "target_id": target_id,
            "target_name": target_name,
        }
        for key, (target_id, target_name) in found.items()
        if key not in known
    ]
    unique = (Mapping.tenant, Mapping.source_directory_id, Mapping.kind, Mapping.source_id)
    upserts.insert_missing(Mapping, unique, rows)


def resolved_in_restores(
    tenant: Tenant, source_directory_id: str, hows: Collection[str]
) -> dict[ObjectKey, tuple[str, str | None]]:
    """Return (kind, id) -> (id, name) of what the pair's newest finished restores wrote in place of references.

    `hows`: only what was resolved in one of these ways (graph/restore/resolver.py).
    """
    of_pair = (Restore.tenant == tenant) & (Restore.source_directory_id == source_directory_id)
    finished = of_pair & (Restore.state == RestoreState.FINISHED) & Restore.undo_of.is_null()
    newest = [row.id for row in Restore.select(Restore.id).where(finished).order_by(Restore.id.desc()).limit(3)]
    rows = RestoreItem.select(RestoreItem.resolutions).where(
        is_in(RestoreItem.restore, newest)
        & is_in(RestoreItem.outcome, SUCCESSFUL_OUTCOMES)
        & RestoreItem.resolutions.is_null(False)
    )
    return {
        (each["kind"], each["id"]): (each["to"], each.get("to_name"))
        for (resolutions,) in rows.order_by(RestoreItem.restore, RestoreItem.position).tuples()
        for each in resolutions
        if each["how"] in hows and each.get("to")
    }


def _find(tenant: Tenant, source_directory_id: str, key: ObjectKey) -> Mapping | None:
    return Mapping.get_or_none(
        (Mapping.tenant == tenant)
        & (Mapping.source_directory_id == source_directory_id)
        & (Mapping.kind == key[0])
        & (Mapping.source_id == key[1])
    )


def _is_gone(tenant: Tenant, kind: str, graph_id: str, successor: str) -> bool:
    row = Policy.get_or_none((Policy.tenant == tenant) & (Policy.policy_type == kind) & (Policy.graph_id == graph_id))
    return row is not None and row.state == PolicyState.GONE and graph_id != successor


def _save(
    tenant: Tenant,
    source_directory_id: str,
    key: ObjectKey,
    target_id: str,
    source_name: str | None,
    target_name: str | None,
    user_id: int | None,
) -> None:
    row = {
        "tenant": tenant.id,
        "source_directory_id": source_directory_id,
        "kind": key[0],
        "source_id": key[1],
        "source_name": source_name,
        "target_id": target_id,
        "target_name": target_name,
        "set_by": user_id,
        "set_at": utcnow(),
    }
    renewed = (Mapping.target_id, Mapping.target_name, Mapping.set_by, Mapping.set_at)
    upserts.insert_or_update(
        Mapping, (Mapping.tenant, Mapping.source_directory_id, Mapping.kind, Mapping.source_id), [row], renewed
    )


def remove(mapping: Mapping, actor: Actor) -> None:
    with database.atomic():
        _record_requester(mapping, actor)
        Mapping.delete().where(Mapping.id == mapping.id).execute()
        audit.record_of_tenant(
            Action.MAPPING_REMOVED, actor, mapping.tenant, kind=mapping.kind, source=mapping.source_id
        )


def _record_requester(mapping: Mapping, actor: Actor) -> None:
    """Record who removes the mapping, as a requester of every open plan that was made with it, or is yet to be made.

    A mapping that stays says itself who set it.
    """
    of_pair = (Restore.tenant == mapping.tenant_id) & (Restore.source_directory_id == mapping.source_directory_id)
    rows = Restore.select(Restore.id, Restore.mappings_used).where(of_pair & Restore.state.in_(CHANGEABLE))
    key = [mapping.kind, mapping.source_id]
    ids = [
        restore.id
        for restore in rows
        if restore.mappings_used is None or key in [used[:2] for used in restore.mappings_used]
    ]
    four_eyes.record_requester_of_open(is_in(Restore.id, ids), actor, four_eyes.REMOVED_MAPPING)


def missing_mappings(tenant: Tenant, source_directory_id: str) -> dict[ObjectKey, str | None]:
    """Return (kind, id) -> name of the objects that the pair's newest previews did not find, or found more than once.

    Those that have a mapping by now are left out.
    """
    restores = (
        Restore.select(Restore.id)
        .where((Restore.tenant == tenant) & (Restore.source_directory_id == source_directory_id))
        .order_by(Restore.id.desc())
        .limit(NEWEST_RESTORES)
    )
    ids = [row.id for row in restores]
    rows = RestoreItem.select(
        RestoreItem.policy_type, RestoreItem.graph_id, RestoreItem.name, RestoreItem.reason, RestoreItem.resolutions
    )
    items = list(rows.where(is_in(RestoreItem.restore, ids) & RestoreItem.resolutions.is_null(False)))
    names = {(item.policy_type, item.graph_id): item.name for item in items if item.reason == "ambiguous"}
    names |= {
        (resolution["kind"], resolution["id"]): resolution["name"]
        for item in items
        for resolution in item.resolutions
        if resolution["how"] in ("unresolved", "dropped", "kept") and resolution.get("is_needed", True)
    }
    mapped = targets_by_key(tenant, source_directory_id)
    return {key: name for key, name in sorted(names.items()) if key not in mapped}


def suggestions(
    tenant: Tenant, keys: MappingOf[ObjectKey, str | None], most: int = 5
) -> dict[ObjectKey, list[tuple[str, str]]]:
    """Return (kind, id) -> [(id, name)] of similar names in the target, as they were last seen: no call of Graph."""
    return {key: _similar_names(tenant, key[0], name, most) for key, name in keys.items() if name}


def _similar_names(tenant: Tenant, kind: str, name: str, most: int) -> list[tuple[str, str]]:
    """Return the most similar names; of people those with the same name before the @ first, whatever the domain."""
    if kind in DIRECTORY_KINDS:
        rows = DirectoryName.select(DirectoryName.object_id, DirectoryName.name).where(
            (DirectoryName.tenant == tenant) & (DirectoryName.kind == kind) & DirectoryName.name.is_null(False)
        )
    else:
        rows = Policy.select(Policy.graph_id, Policy.name).where(policies.is_present_of_type(tenant, kind))
    ranked = sorted(rows.tuples(), key=lambda row: (-_word_overlap(name, row[1]), row[1]))
    return [
        (object_id, object_name) for object_id, object_name in ranked[:most] if _word_overlap(name, object_name) > 0
    ]


def object_name(tenant: Tenant, key: ObjectKey) -> str | None:
    """Return the object's name in this tenant, as it was last seen."""
    kind, object_id = key
    row = DirectoryName.get_or_none(
        (DirectoryName.tenant == tenant) & (DirectoryName.kind == kind) & (DirectoryName.object_id == object_id)
    ) or policies.find_by_graph_id(tenant, kind, object_id)
    return row.name if row else None


def _word_overlap(name: str, other_name: str) -> float:
    """Return the share of words that two names have in common. The domain of a person's address is none of them."""
    words, others = (set(_NO_LETTERS.sub(" ", _DOMAIN.sub("", text.lower())).split()) for text in (name, other_name))
    return len(words & others) / max(len(words | others), 1)
