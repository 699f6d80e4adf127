"""The rules of severity for pages, which know nothing of them: each with its sentence, as it came and as it is set."""

from collections.abc import Iterable
from dataclasses import dataclass

from db.changes import severity_rules
from graph.changes.severity import RULES
from graph.policy_types.table import POLICY_TYPES


@dataclass(frozen=True)
class RuleLine:
    """A rule. `came_with`: the severity of a built-in one unless somebody changes it; None: it is an admin's own."""

    name: str
    sentence: str
    severity: str
    is_active: bool
    came_with: str | None


def all_rules() -> list[RuleLine]:
    """Return the built-in rules as they are set, then those that admins added."""
    rows = {row.name: row for row in severity_rules.all_set()}
    lines = []
    for rule in RULES:
        row = rows.pop(rule.name, None)
        severity, is_active = (row.severity, row.is_active) if row else (rule.severity, True)
        lines.append(RuleLine(rule.name, rule.sentence, severity, is_active, rule.severity))
    own = [row for row in rows.values() if row.name.startswith(severity_rules.OWN)]
    return lines + [
        RuleLine(row.name, _own_sentence(row.policy_type, row.path), row.severity, row.is_active, None) for row in own
    ]


def _own_sentence(policy_type: str, path: str) -> str:
    known = POLICY_TYPES.get(policy_type)
    title = known.title if known else policy_type or "Any policy"
    return f"{title}: “{path}” changed." if path else f"{title}: any change."


def sentences(names: Iterable[str]) -> list[str]:
    """Return what these rules say. One that is no more keeps its name."""
    known = {line.name: line.sentence for line in all_rules()}
    return [known.get(name, name) for name in names]
