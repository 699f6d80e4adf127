"""One policy as a document tells it: purpose, settings, assignments, and what changed last. Still without language."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from actors.document_sources.captured import DocumentSource, SourceEntry, SourcePolicy
from actors.facade.snapshot_diff import CONDITIONAL_ACCESS
from actors.facade.wording import ENGLISH, NO_WORDS, Wording, wording_of
from db.documents import document_policies
from db.events import attribution
from db.events.attribution import Doer
from db.models import Change
from db.sql.value_lists import batched
from db.states import ChangeKind
from graph.display import labels
from graph.display.access_sentences import AccessStory, describe_access
from graph.display.outline import OutlineLine, outline_body, unset_properties
from graph.display.outline_groups import OutlineGroup, group_lines
from graph.microsoft.model import bare_type

POLICIES_AT_ONCE = 50
# Told in the head of a section, or of no use on paper.
_TOLD_ELSEWHERE = frozenset({"displayName", "name", "description"})
_IDS = frozenset({"id", "templateId", "creationSource", "deletedDateTime", "version", "@odata.context"})
_FILTER = "deviceAndAppManagementAssignmentFilter"
_TARGET = "AssignmentTarget"


@dataclass(frozen=True)
class Assigned:
    """One assignment. `target`: the sort of target as Graph names it, without its ending; `whom`: by name."""

    target: str
    whom: str = ""
    filter_mode: str = ""
    filter_name: str = ""
    intent: str = ""

    @property
    def is_exclusion(self) -> bool:
        return self.target.startswith("exclusion")


@dataclass(frozen=True)
class LastChange:
    """The last thing that became of a policy, when that was seen, and by whom; without a doer nobody is known."""

    kind: ChangeKind
    at: datetime
    doers: Sequence[Doer] = ()
    restore_id: int | None = None
    # [{"label", "how"}], without values.
    differences: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class PolicySection:
    """A policy in a document. `groups` None: its content cannot be opened. `assigned` None: its type has none.

    `story`: a Conditional Access policy in sentences.
    """

    entry: SourceEntry
    captured_at: datetime | None
    purpose: str = ""
    story: AccessStory | None = None
    groups: Sequence[OutlineGroup] | None = None
    unset: Sequence[str] = ()
    assigned: Sequence[Assigned] | None = None
    last_change: LastChange | None = None


def sections_of(
    source: DocumentSource, entries: Sequence[SourceEntry], language: str = ENGLISH
) -> Iterator[PolicySection]:
    """Yield the sections in the entries' order, in Microsoft's words. A few policies at a time are open."""
    for some in batched(entries, POLICIES_AT_ONCE):
        changes = last_changes([entry.policy_id for entry in some if entry.policy_id is not None], source.at)
        opened = list(source.policies(some))
        wording = wording_of(
            ((policy.policy_type, policy.content) for _, policy in opened if policy.content is not None), language
        )
        for entry, policy in opened:
            yield replace(section_of(entry, policy, wording), last_change=changes.get(entry.policy_id or 0))


def last_changes(policy_ids: Iterable[int], until: datetime | None) -> dict[int, LastChange]:
    """Return policy id -> what became of it last, as far as it was seen by then."""
    changes = document_policies.last_changes(policy_ids, until)
    events = attribution.events_of_changes(list(changes.values()))
    return {policy_id: _last_change(change, events[change.id]) for policy_id, change in changes.items()}


def _last_change(change: Change, events: Sequence[Any]) -> LastChange:
    doers = attribution.doers_of(events)
    restore_id = change.restore_id or next((doer.restore_id for doer in doers if doer.restore_id), None)
    others = [doer for doer in doers if not doer.restore_id]
    return LastChange(ChangeKind(change.kind), change.seen_at, others, restore_id, change.differences or ())


def section_of(entry: SourceEntry, policy: SourcePolicy, wording: Wording = NO_WORDS) -> PolicySection:
    """Return a policy's section, without what changed last."""
    if policy.content is None:
        return PolicySection(entry, policy.captured_at)
    body = policy.content["body"]
    purpose = body.get("description")
    return PolicySection(
        entry,
        policy.captured_at,
        purpose=purpose if isinstance(purpose, str) else "",
        story=describe_access(body, policy.names) if policy.policy_type == CONDITIONAL_ACCESS else None,
        groups=group_lines(_lines(body, policy.names, wording), wording=wording),
        unset=unset_properties(body),
        assigned=_assigned(policy),
    )


def _lines(body: dict[str, Any], names: Mapping[str, str | None], wording: Wording) -> list[OutlineLine]:
    def name_of(holder: str, value: str) -> str | None:
        return names.get(labels.scope_tag_key(value) if holder in labels.SCOPE_TAGS else value)

    return list(_worth_reading(outline_body(body, name_of, wording=wording)))


def _worth_reading(lines: Iterable[OutlineLine]) -> Iterator[OutlineLine]:
    """Leave out what the head of the section tells, empty texts, and OData's annotations with what is below them."""
    left_out: int | None = None
    for line in lines:
        if left_out is not None and line.depth > left_out:
            continue
        left_out = line.depth if "@" in line.label or line.label.startswith("#") else None
        is_told = not line.depth and line.value is not None and line.label in _TOLD_ELSEWHERE
        if left_out is None and not is_told and line.value != "":
            yield line


def without_ids(groups: Sequence[OutlineGroup]) -> list[OutlineGroup]:
    """Leave out the lines that are only an id, and the ids behind names."""
    kept = [
        OutlineGroup(group.title, [replace(line, exact="") for line in group.lines if not _is_id(line)])
        for group in groups
    ]
    return [group for group in kept if group.lines]


def _is_id(line: OutlineLine) -> bool:
    return line.value is not None and line.label in _IDS


def _assigned(policy: SourcePolicy) -> list[Assigned] | None:
    assignments = policy.content["assignments"] if policy.content else None
    if assignments is None:
        return None
    found = [_assignment(assignment, policy.names) for assignment in assignments if isinstance(assignment, dict)]
    return sorted(found, key=lambda assigned: (assigned.is_exclusion, assigned.target, assigned.whom.lower()))


def _assignment(assignment: Mapping[str, Any], names: Mapping[str, str | None]) -> Assigned:
    target = assignment.get("target")
    target = target if isinstance(target, dict) else {}
    kind = bare_type(target.get("@odata.type")).removesuffix(_TARGET)
    whom = str(target.get("groupId") or target.get("collectionId") or "")
    filter_id, mode = target.get(f"{_FILTER}Id"), target.get(f"{_FILTER}Type")
    has_filter = filter_id and mode not in (None, "none")
    return Assigned(
        kind,
        str(names.get(whom) or whom),
        str(mode) if has_filter else "",
        str(names.get(str(filter_id)) or filter_id) if has_filter else "",
        str(assignment.get("intent") or ""),
    )


def line_name(line: OutlineLine) -> str:
    """Return what a setting is called: in Microsoft's words, where there are any."""
    return line.title or labels.readable_name(line.label)
