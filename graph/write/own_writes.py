"""Telling a restore's own half-done writes from somebody else's change.

A value that is neither as it was before the first write, nor as it is to be, is somebody else's.
"""

from dataclasses import dataclass
from typing import Any

from graph.content.secrets import comparable_body, settle_secrets
from graph.display.diff import Path, compare
from graph.policy_types.policy_type import PolicyType
from graph.write import additions
from graph.write.write_requests import PolicyContent, creation_request, direct_assignments


@dataclass(frozen=True)
class BegunWrite:
    """The contents before and after the writes that a restore has begun. `names`: the body's properties to compare."""

    before: PolicyContent
    after: PolicyContent
    names: frozenset[str]

    def explains(self, policy_type: PolicyType, actual: PolicyContent, *, with_assignments: bool) -> bool:
        names = self.names - policy_type.shifting
        live, old, new = (
            _written_part(content, names, with_assignments) for content in (actual, self.before, self.after)
        )
        for side in (old, new):
            # The tokens of secrets are the tenant's own, and new at each write.
            side["body"] = comparable_body(policy_type, side["body"], live["body"])
        live = {
            "body": additions.without_additions(policy_type, live["body"], old["body"], new["body"]),
            "assignments": additions.assignments_without_additions(
                live["assignments"], old["assignments"], new["assignments"]
            ),
        }
        moved, missing = ({difference.path for difference in compare(policy_type, side, live)} for side in (old, new))
        return not (_overlap(moved, missing) or _overlap(missing, moved))


def begun_change(before: PolicyContent, want: PolicyContent) -> BegunWrite:
    return BegunWrite(before, want, frozenset(want["body"]))


def begun_undelete(kept: PolicyContent, want: PolicyContent) -> BegunWrite:
    """Return the write that brings a policy back and makes it what is wanted. In which state it comes back is told
    nowhere, so no state is anybody else's.
    """
    return BegunWrite(kept, want, frozenset(want["body"]) - {"state"})


def begun_creation(policy_type: PolicyType, want: PolicyContent) -> BegunWrite:
    """Return the write that a create begins: one POST. Properties that it does not send yet are the service's own."""
    sent = creation_request(policy_type, want).body or {}
    # A bind stands for the property of its name.
    names = frozenset({str(name).split("@odata.bind")[0] for name in sent} & want["body"].keys())
    body = settle_secrets(policy_type, want["body"]).body  # without its secrets
    sent_body = {name: body[name] for name in names & body.keys()}
    return BegunWrite({"body": sent_body, "assignments": _no_assignments(want)}, want, names)


def begun_removal(before: PolicyContent) -> BegunWrite:
    """Return the write that a removal begins: some policies are changed before they are deleted (removal_requests)."""
    body = {name: False if name == "isTrusted" else value for name, value in before["body"].items()}
    return BegunWrite(before, {"body": body, "assignments": _no_assignments(before)}, frozenset(body))


def _no_assignments(content: PolicyContent) -> list[Any] | None:
    return None if content.get("assignments") is None else []


def _written_part(content: PolicyContent, names: frozenset[str], with_assignments: bool) -> PolicyContent:
    """Return the content without what the restore never writes, and without what moves by itself."""
    body = {name: value for name, value in content["body"].items() if name in names or name == "@odata.type"}
    return {"body": body, "assignments": direct_assignments(content.get("assignments")) if with_assignments else None}


def _overlap(some: set[Path], others: set[Path]) -> bool:
    """Return whether one of `some` is one of `others`, or lies inside it."""
    return any(path[:count] in others for path in some for count in range(1, len(path) + 1))
