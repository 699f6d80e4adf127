"""Targets as pages and files call them: “Without group SG-Pilot”, “All users”, “Report-only”."""

from collections.abc import Iterable, Mapping
from typing import Any

from actors.facade import assignment_names
from actors.facade.assignment_names import ObjectKey
from db.models import PolicyTarget
from web.translation.sentences import translated

# Kind of target -> what it is called; with a place for its name where it has one.
KINDS = {
    "group": "Group {name}",
    "user": "User {name}",
    "role": "Role {name}",
    "guests": "Guests and external users",
    "all users": "All users",
    "all devices": "All devices",
    "collection": "Configuration Manager collection {name}",
    "app": "App {name}",
    "all apps": "All apps",
    "user action": "User action {name}",
    "location": "Location {name}",
    "strength": "Authentication strength {name}",
    "service principal": "Service principal {name}",
    "agent": "Agent {name}",
    "filter": "Filter {name}",
    "other": "Something new to us: {name}",
    "nobody": "Nobody",
}
# What a policy does with a target, by its place: included, and excluded.
PLACES = {
    "assignment": ("include", "exclude"),
    "condition": ("include", "exclude"),
    "member": ("has the role", "has the role"),
    "scope": ("in the role's scope", "in the role's scope"),
    "mention": ("named", "named"),
}
INTENTS = {
    "required": "Required",
    "available": "Available",
    "uninstall": "Uninstall",
    "availableWithoutEnrollment": "Available without enrollment",
    "apply": "Apply",
    "remove": "Remove",
    "enabled": "On",
    "disabled": "Off",
    "enabledForReportingButNotEnforced": "Report-only",
}
FILTER_MODES = {"include": "Only devices of filter {name}", "exclude": "Without devices of filter {name}"}
# The beginning of an id that nobody could name.
LETTERS_SHOWN = 8
Names = Mapping[ObjectKey, str]


def name_of(tenant_id: int, kind: str, object_id: str, names: Names, is_gone: bool = False) -> str:
    name = names.get((tenant_id, kind, object_id)) or object_id
    if name != object_id:
        return name
    short = f"{object_id[:LETTERS_SHOWN]}…" if len(object_id) > 3 * LETTERS_SHOWN else object_id
    return translated("{id} (deleted)").format(id=short) if is_gone else short


def target_words(target: PolicyTarget, names: Names) -> str:
    """Return what the target is called, whether it is included or excluded."""
    sentence = translated(KINDS.get(target.kind, KINDS["other"]))
    is_gone = target.is_gone and (target.tenant_id, target.kind, target.object_id) not in names
    return sentence.replace("{name}", name_of(target.tenant_id, target.kind, target.object_id, names, is_gone))


def place_words(target: PolicyTarget) -> str:
    return translated(PLACES[target.place][target.is_excluded])


def intent_words(target: PolicyTarget) -> str:
    return translated(INTENTS.get(target.intent, target.intent))


def filter_words(target: PolicyTarget, names: Names) -> str:
    """Return the filter that narrows the target; "" for none."""
    if not target.filter_id:
        return ""
    sentence = translated(FILTER_MODES.get(target.filter_mode, FILTER_MODES["include"]))
    return sentence.replace("{name}", name_of(target.tenant_id, "filter", target.filter_id, names, target.is_gone))


def term_lines(target: PolicyTarget) -> list[str]:
    """Return what else decides: settings of an app's assignment, conditions and controls of Conditional Access."""
    return [f"{translated(assignment_names.term_words(name))}: {value}" for name, value in target.terms or ()]


def beside_words(target: PolicyTarget, others: Iterable[PolicyTarget], names: Names) -> list[str]:
    """Return whom and what else a Conditional Access policy includes, and then excludes."""
    rows = [row for row in others if row.id != target.id and row.place == "condition"]
    included = [target_words(row, names) for row in rows if not row.is_excluded]
    excluded = [target_words(row, names) for row in rows if row.is_excluded]
    return [
        *([f"{translated('Also')}: {', '.join(included)}"] if included else ()),
        *([f"{translated('Without')}: {', '.join(excluded)}"] if excluded else ()),
    ]


def document(target: PolicyTarget, names: Names) -> dict[str, Any]:
    """Return one row for other programs: stored words, not translated."""
    of_target = (target.tenant_id, target.kind, target.object_id)
    of_filter = (target.tenant_id, "filter", target.filter_id or "")
    return {
        "policy": target.policy_id,
        "policy_type": target.policy_type,
        "graph_id": target.policy.graph_id,
        "name": target.policy.name,
        "target": {"kind": target.kind, "id": target.object_id or None, "name": names.get(of_target)},
        "excluded": target.is_excluded,
        "place": target.place,
        "intent": target.intent or None,
        "filter": {"id": target.filter_id, "name": names.get(of_filter), "mode": target.filter_mode}
        if target.filter_id
        else None,
        "gone": target.is_gone,
        "terms": dict(target.terms or ()),
    }
