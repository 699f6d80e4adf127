"""A policy that leaves, the files that it becomes, and what all writers need to know of where it is from."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from graph.policy_types.table import POLICY_TYPES


class LeavingFormat(StrEnum):
    """Formats of other tools. Values stand in addresses, commands and the audit log."""

    INTUNE_MANAGEMENT = "intunemanagement"
    INTUNE_CD = "intunecd"
    TERRAFORM = "terraform"
    GRAPH = "graph"


@dataclass(frozen=True)
class LeavingPolicy:
    """A policy as its reader may see it. `references`: {kind: {id: name or None}}, as snapshots keep them."""

    policy_type: str
    graph_id: str
    name: str
    content: Mapping[str, Any]
    references: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    @property
    def body(self) -> Mapping[str, Any]:
        body: Mapping[str, Any] = self.content["body"]
        return body

    @property
    def assignments(self) -> list[Mapping[str, Any]]:
        return [dict(assignment) for assignment in self.content.get("assignments") or ()]


@dataclass(frozen=True)
class LeavingSource:
    """The directory that the policies are from.

    `names`: (policy type, id) -> name of its policies; `groups`: id -> body, of those that were captured.
    """

    directory_id: str
    organisation: str
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def group_name(self, policy: LeavingPolicy, group_id: str) -> str | None:
        own = (policy.references.get("groups") or {}).get(group_id)
        return own or self.names.get(("groups", group_id))

    def filter_name(self, policy: LeavingPolicy, filter_id: str) -> str | None:
        own = (policy.references.get("filters") or {}).get(filter_id)
        return own or self.names.get(("assignmentFilters", filter_id))


@dataclass(frozen=True)
class LeavingFile:
    path: str
    data: bytes


class Writer(Protocol):
    """Turns policies into files, one after the other, and remembers no more of them than names.

    `left_out`: policy type -> how many of it have no place in the format.
    """

    left_out: Counter[str]

    def files(self, policy: LeavingPolicy) -> list[LeavingFile]:
        """Return the files of a policy; none where the format has no place for it."""
        ...

    def closing_files(self) -> list[LeavingFile]:
        """Return the files about all of them, after the last one."""
        ...


def json_bytes(document: Any, indent: int, *, mark: bool = False) -> bytes:
    """Write JSON in ASCII, so that no program takes it for another encoding. `mark`: begin with UTF-8's mark."""
    data = json.dumps(document, indent=indent).encode("ascii")
    return b"\xef\xbb\xbf" + data if mark else data


def on_one_line(text: str) -> str:
    """Return the text without line breaks and other control characters: it stays in a comment or a code span."""
    return "".join(character if character.isprintable() else " " for character in text).replace("`", "'")


def readme(title: str, source: LeavingSource, losses: list[str], left_out: Mapping[str, int]) -> LeavingFile:
    """Return the file that says what this is, what the format loses, and what is not in it."""
    lines = [f"# {title}", "", f"Exported by Tenantkeep from `{on_one_line(source.organisation)}`.", ""]
    lines += ["What this format loses:", "", *(f"- {loss}" for loss in losses), ""]
    if left_out:
        lines += ["This format has no place for these, which are left out:", ""]
        lines += [f"- {POLICY_TYPES[key].title}: {count}" for key, count in sorted(left_out.items())]
    return LeavingFile("README.md", ("\n".join(lines).rstrip() + "\n").encode("utf-8", "backslashreplace"))
