"""Names of the targets of policies, for pages and commands, which know nothing of Graph."""

from collections import defaultdict
from collections.abc import Iterable

from db.assignments.target_lists import NAMED_IN, TargetKey
from db.models import PolicyTarget
from db.policies import policies
from db.runs import name_cache
from graph.display.labels import readable_name
from graph.display.object_names import ROLES, STRENGTHS

# What has the same id in every tenant, by kind.
EVERYWHERE = {"role": ROLES, "strength": STRENGTHS}
# (tenant id, kind, object id)
ObjectKey = tuple[int, str, str]


def built_in_objects(text: str) -> list[TargetKey]:
    """Return the roles and strengths of Microsoft's own with this name; if there is none, those with a part of it."""
    named = [(kind, object_id, name.lower()) for kind, names in EVERYWHERE.items() for object_id, name in names.items()]
    exactly = [(kind, object_id) for kind, object_id, name in named if name == text.lower()]
    return exactly or [(kind, object_id) for kind, object_id, name in named if text.lower() in name]


def names_of(targets: Iterable[PolicyTarget]) -> dict[ObjectKey, str]:
    """Return the names of these targets and of their filters, as far as they are known."""
    wanted: dict[int, set[TargetKey]] = defaultdict(set)
    for target in targets:
        if target.object_id:
            wanted[target.tenant_id].add((target.kind, target.object_id))
        if target.filter_id:
            wanted[target.tenant_id].add(("filter", target.filter_id))
    found: dict[ObjectKey, str] = {}
    for tenant_id, keys in wanted.items():
        names = names_in_tenant(tenant_id, keys)
        found |= {(tenant_id, *key): name for key, name in names.items()}
    return found


def names_in_tenant(tenant_id: int, keys: Iterable[TargetKey]) -> dict[TargetKey, str]:
    wanted = list(keys)
    ids = {object_id for _, object_id in wanted}
    seen = name_cache.names_by_id(tenant_id, ids)
    of_policies = policies.names_by_key(tenant_id, ids)
    names: dict[TargetKey, str] = {}
    for kind, object_id in wanted:
        policy_types = NAMED_IN[kind][1] if kind in NAMED_IN else ()
        own = (of_policies[key, object_id] for key in policy_types if (key, object_id) in of_policies)
        name = EVERYWHERE.get(kind, {}).get(object_id) or next(own, None) or seen.get(object_id)
        if name:
            names[kind, object_id] = name
    return names


def term_words(name: str) -> str:
    """Return the name of a condition or setting in words: “Sign in risk levels”."""
    return readable_name(name)
