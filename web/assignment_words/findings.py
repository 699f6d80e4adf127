"""Findings of a look-up in words: each policy, why it is there, and what it depends on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from actors.assignments import filter_rules
from actors.facade import assignment_names
from db.assignments import target_lists
from db.models import Policy, PolicyTarget
from web.assignment_words import words
from web.assignment_words.words import Names
from web.translation.sentences import translated

# Verdict -> its title. In the order of the page: what somebody misses, then what is in doubt, then what they get.
VERDICTS = {
    "excluded": "Excluded",
    "mixed": "Not evaluated by Intune",
    "filtered": "Depends on a filter",
    "unresolved": "Depends on more than was read",
    "included": "Included",
}
REASONS = {
    "excluded": "Excluded because of: {targets}",
    "mixed": "Mixed: {targets} is excluded, and the policy includes devices for people or people for devices",
    "filtered": "Included by {targets}, if its filter lets it",
    "unresolved": "Included if this is true: {targets}",
    "included": "Included by {targets}",
}
COLUMNS = ("verdict", "policy_type", "graph_id", "policy", "intent", "reason", "conditions")


@dataclass(frozen=True)
class FoundPolicy:
    """A policy that reaches the person or device, or would. `policy` is None where it went since."""

    verdict: str
    policy: Policy | None
    targets: Sequence[PolicyTarget]
    open_targets: Sequence[PolicyTarget]
    names: Names
    rules: Mapping[str, str]

    @property
    def reason(self) -> str:
        called = [words.target_words(target, self.names) for target in self.targets]
        return translated(REASONS[self.verdict]).replace("{targets}", ", ".join(called))

    @property
    def intent(self) -> str:
        return next((words.intent_words(target) for target in self.targets if target.intent), "")

    @property
    def conditions(self) -> list[str]:
        """List what has to be true besides: filters with their rules, roles and guests, conditions of access."""
        filtered = [target for target in self.targets if target.filter_id]
        lines = [self._filter_line(target) for target in filtered]
        if self.open_targets:
            called = ", ".join(words.target_words(target, self.names) for target in self.open_targets)
            lines.append(f"{translated('Unless, for nobody read it')}: {called}")
        return [*dict.fromkeys(lines), *(words.term_lines(self.targets[0]) if self.targets else ())]

    def _filter_line(self, target: PolicyTarget) -> str:
        rule = self.rules.get(target.filter_id or "")
        return words.filter_words(target, self.names) + (f": {rule}" if rule else "")

    @property
    def document(self) -> dict[str, Any]:
        return {
            "verdict": self.verdict,
            "policy": self.policy and self.policy.id,
            "policy_type": self.policy and self.policy.policy_type,
            "graph_id": self.policy and self.policy.graph_id,
            "name": self.policy and self.policy.name,
            "reason": self.reason,
            "intent": self.intent or None,
            "conditions": self.conditions,
        }


@dataclass(frozen=True)
class LookUpFindings:
    """`document`: as actors/assignments/look_up.py keeps it."""

    tenant_id: int
    document: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return str(self.document["kind"])

    @property
    def asked(self) -> str:
        return str(self.document["name"])

    @property
    def found(self) -> Mapping[str, Any] | None:
        """Return what was found; None as long as the run goes on, or when it failed."""
        found: Mapping[str, Any] | None = self.document.get("found")
        return found

    @property
    def groups(self) -> list[str]:
        """List the groups that some policy names."""
        groups = self.found["groups"] if self.found else {}
        return sorted((name or group_id for group_id, name in groups.items()), key=str.lower)

    @cached_property
    def policies(self) -> list[FoundPolicy]:
        rows = self.found["policies"] if self.found else []
        targets = [[self._target(row) for row in entry["reasons"]] for entry in rows]
        open_targets = [[self._target(row) for row in entry["open"]] for entry in rows]
        every = [target for some in (*targets, *open_targets) for target in some]
        names = {**assignment_names.names_of(every), **self._group_names()}
        rules = filter_rules.rules_of(self.tenant_id, {target.filter_id for target in every if target.filter_id})
        known = target_lists.policies_by_id(self.tenant_id, [entry["policy"] for entry in rows])
        return [
            FoundPolicy(entry["verdict"], known.get(entry["policy"]), reasons, unknown, names, rules)
            for entry, reasons, unknown in zip(rows, targets, open_targets, strict=True)
        ]

    @cached_property
    def by_verdict(self) -> list[tuple[str, list[FoundPolicy]]]:
        """Return (title, policies) of each verdict that there is."""
        parts = ((title, [row for row in self.policies if row.verdict == key]) for key, title in VERDICTS.items())
        return [(title, rows) for title, rows in parts if rows]

    def _target(self, row: Mapping[str, Any]) -> PolicyTarget:
        return PolicyTarget(tenant=self.tenant_id, **row)

    def _group_names(self) -> dict[assignment_names.ObjectKey, str]:
        """Return the names that the run itself has read."""
        groups = self.found["groups"] if self.found else {}
        return {(self.tenant_id, "group", group_id): name for group_id, name in groups.items() if name}


def csv_values(found: FoundPolicy) -> list[Any]:
    policy = found.policy
    about = (policy.policy_type, policy.graph_id, policy.name) if policy else ("", "", "")
    return [translated(VERDICTS[found.verdict]), *about, found.intent, found.reason, "; ".join(found.conditions)]
