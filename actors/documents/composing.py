"""Composes a document of policies from its front and its sections: as blocks to read, and as records for a table."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from actors.documents.blocks import Block, Facts, Heading, Look, Paragraph, Row, TextTable
from actors.documents.cover import Front, contents_of, front_blocks, policy_anchor, type_anchor
from actors.documents.language import DocumentLanguage
from actors.documents.sections import Assigned, LastChange, PolicySection, line_name, sections_of, without_ids
from db.events.attribution import Doer
from db.states import ChangeKind, DoerKind
from graph.display import labels
from graph.display.outline import OutlineLine
from graph.display.outline_groups import GENERAL, OutlineGroup

MAX_DIFFERENCES = 12
MAX_VALUE, MAX_OPAQUE = 4000, 80
# Base64, longer than any id.
_OPAQUE = re.compile(r"[A-Za-z0-9+/=\s]{200,}")
_TARGET_WORDS = {
    "allDevices": "All devices",
    "allLicensedUsers": "All users",
    "group": "Group {name}",
    "exclusionGroup": "Group {name}",
}
_INTENT_WORDS = {
    "required": "required",
    "available": "available",
    "uninstall": "uninstall",
    "availableWithoutEnrollment": "available without enrolment",
}
_CHANGE_WORDS = {
    ChangeKind.ADDED: "The policy was added",
    ChangeKind.CHANGED: "The policy was changed",
    ChangeKind.ASSIGNMENTS_CHANGED: "Its assignments were changed",
    ChangeKind.REMOVED: "The policy was deleted",
    ChangeKind.CAME_BACK: "The policy came back",
}
_HOW_WORDS = {"added": "{setting} added", "removed": "{setting} removed", "changed": "{setting} changed"}


@dataclass(frozen=True)
class Record:
    """A line of a document as a table. `part`: what of the policy it tells; `exact`: the ids behind the words."""

    policy_type: str
    policy: str
    policy_id: str
    part: str
    group: str
    name: str
    value: str
    exact: str = ""


class SectionWords:
    """Says the parts of a section in the document's language."""

    def __init__(self, language: DocumentLanguage, *, with_ids: bool) -> None:
        self.language, self.with_ids = language, with_ids

    def assigned(self, assigned: Assigned) -> str:
        say = self.language.say
        words = _TARGET_WORDS.get(assigned.target)
        if words is None:
            text = f"{labels.readable_name(assigned.target)} {assigned.whom}".strip()
        else:
            text = say(words, name=assigned.whom)
        if assigned.filter_mode == "exclude":
            text += f", {say('without what the filter {name} finds', name=assigned.filter_name)}"
        elif assigned.filter_mode:
            text += f", {say('only what the filter {name} finds', name=assigned.filter_name)}"
        if assigned.intent:
            intent = say(_INTENT_WORDS.get(assigned.intent, "{intent}"), intent=assigned.intent)
            text += f", {say('intent: {intent}', intent=intent)}"
        return text

    def last_change(self, change: LastChange) -> str:
        say = self.language.say
        words = say(_CHANGE_WORDS[change.kind])
        return say("{what}, seen on {when}, {by}.", what=words, when=self.language.time(change.at), by=self._by(change))

    def _by(self, change: LastChange) -> str:
        say = self.language.say
        names = [say("restore {number} of Tenantkeep", number=change.restore_id)] if change.restore_id else []
        names += [self._doer(doer) for doer in change.doers]
        if not names:
            return say("by whom is not known")
        return say("by {names}", names=", ".join(dict.fromkeys(names)))

    def _doer(self, doer: Doer) -> str:
        say, name = self.language.say, doer.name or doer.app_name
        if doer.kind == DoerKind.NOT_STATED or not name:
            return say("somebody whom Microsoft’s log does not name")
        if doer.kind == DoerKind.APP:
            return say("the app {name}", name=name)
        if doer.kind == DoerKind.SERVICE:
            return say("Microsoft’s service {name}", name=name)
        return f"{name} ({doer.app_name})" if doer.app_name else name

    def differences(self, change: LastChange) -> list[str]:
        """Say which settings differed, without values."""
        return [
            self.language.say(_HOW_WORDS.get(str(row.get("how")), "{setting} changed"), setting=str(row.get("label")))
            for row in change.differences[:MAX_DIFFERENCES]
        ]

    def group_title(self, group: OutlineGroup) -> str:
        return self.language.say("General") if group.title == GENERAL else group.title

    def groups(self, section: PolicySection) -> Sequence[OutlineGroup]:
        groups = section.groups or ()
        return groups if self.with_ids else without_ids(groups)

    def shortened(self, text: str) -> str:
        """Cut what is no page to read: a script of a megabyte, a picture in base64."""
        most = MAX_OPAQUE if _OPAQUE.fullmatch(text) else MAX_VALUE
        if len(text) <= most:
            return text
        more = self.language.say("… and {number} more characters", number=len(text) - most)
        return f"{text[:most]}{more}"

    def unset(self, section: PolicySection) -> str:
        return ", ".join(map(labels.readable_name, section.unset))


def blocks_of(front: Front) -> Iterator[Block]:
    """Yield the whole document, the cover left out. A few policies at a time are open."""
    say = front.language.say
    yield from front_blocks(front)
    yield Heading(2, say("Contents"))
    if not front.entries:
        yield Paragraph(say("No policy is left for this document."), Look.WARNING)
        return
    yield contents_of(front.entries, front.language)
    words, last_type, place = SectionWords(front.language, with_ids=front.options.with_ids), None, 0
    for number, section in enumerate(sections_of(front.source, front.entries, front.options.language), start=1):
        if section.entry.type_title != last_type:
            last_type, place = section.entry.type_title, place + 1
            yield Heading(2, say(last_type), type_anchor(place))
        yield Heading(3, section.entry.name, policy_anchor(number))
        yield from _section_blocks(section, words)


def _section_blocks(section: PolicySection, words: SectionWords) -> Iterator[Block]:
    say = words.language.say
    if section.purpose:
        yield Paragraph(section.purpose)
    if section.story is not None:
        yield Paragraph(section.story.words(words.language.template))
    facts = _section_facts(section, words)
    if facts:
        yield Facts(facts)
    for remark in section.entry.remarks:
        yield Paragraph(words.language.template(remark), Look.NOTE)
    if section.groups is None:
        yield Paragraph(say("This policy cannot be opened: the key that sealed it is missing."), Look.WARNING)
        return
    for group in words.groups(section):
        yield Heading(4, words.group_title(group))
        rows = [_row(line, words) for line in group.lines]
        yield TextTable(f"{section.entry.name}: {words.group_title(group)}", (say("Setting"), say("Value")), rows)
    yield from _assigned_blocks(section, words)
    yield from _change_blocks(section, words)


def _section_facts(section: PolicySection, words: SectionWords) -> list[tuple[str, str]]:
    say = words.language.say
    facts = []
    if section.captured_at:
        facts.append((say("Captured"), words.language.time(section.captured_at)))
    if words.with_ids and section.entry.graph_id:
        facts.append((say("Id"), section.entry.graph_id))
    return facts


def _row(line: OutlineLine, words: SectionWords) -> Row:
    small = "" if not words.with_ids or line.exact in ("", line.value) else line.exact
    return Row((line_name(line), words.shortened(line.value or "")), max(line.depth - 1, 0), small)


def _assigned_blocks(section: PolicySection, words: SectionWords) -> Iterator[Block]:
    say, assigned = words.language.say, section.assigned
    if assigned is None:
        return
    yield Heading(4, say("Assignments"))
    if not assigned:
        yield Paragraph(say("It is assigned to nobody."), Look.NOTE)
        return
    rows = [
        Row((say("Excluded") if target.is_exclusion else say("Included"), words.assigned(target)))
        for target in assigned
    ]
    yield TextTable(f"{section.entry.name}: {say('Assignments')}", (say("How"), say("To whom")), rows)


def _change_blocks(section: PolicySection, words: SectionWords) -> Iterator[Block]:
    if section.last_change is None:
        return
    yield Heading(4, words.language.say("Last change"))
    yield Paragraph(words.last_change(section.last_change))
    lines = words.differences(section.last_change)
    if lines:
        yield Paragraph("; ".join(lines), Look.NOTE)


def records_of(front: Front, title: str) -> Iterator[Record]:
    """Yield the document as the lines of one table: the front first, then policy after policy."""
    say = front.language.say
    about = say("Document")
    yield from (Record("", title, "", about, "", name, value) for name, value in front.facts)
    yield Record("", title, "", about, "", say("How whole it is"), front.state)
    for type_title, count, state in front.standing_rows():
        yield Record(type_title, title, "", say("Completeness"), "", say("Policies here"), str(count), state)
    for row in front.unread_rows():
        yield Record(say(row.policy_type), row.name, "", say("What could not be read"), "", say("Why"), row.why)
    words = SectionWords(front.language, with_ids=front.options.with_ids)
    for section in sections_of(front.source, front.entries, front.options.language):
        yield from section_records(section, words)


def section_records(section: PolicySection, words: SectionWords) -> Iterator[Record]:
    say, entry = words.language.say, section.entry

    def record(part: str, name: str, value: str, group: str = "", exact: str = "") -> Record:
        policy_id = entry.graph_id if words.with_ids else ""
        return Record(say(entry.type_title), entry.name, policy_id, part, group, name, value, exact)

    if section.purpose:
        yield record(say("Purpose"), "", section.purpose)
    for remark in entry.remarks:
        yield record(say("Remark"), "", words.language.template(remark))
    if section.story is not None:
        yield record(say("In sentences"), "", section.story.words(words.language.template))
    if section.groups is None:
        yield record(say("Problem"), "", say("This policy cannot be opened: the key that sealed it is missing."))
    for group in words.groups(section):
        for path, line in _with_paths(group.lines):
            exact = line.exact if words.with_ids else ""
            yield record(say("Setting"), path, words.shortened(line.value or ""), words.group_title(group), exact)
    for target in section.assigned or ():
        how = say("Excluded") if target.is_exclusion else say("Included")
        yield record(say("Assignments"), how, words.assigned(target))
    if section.last_change is not None:
        yield record(say("Last change"), "", words.last_change(section.last_change))


def _with_paths(lines: Iterable[OutlineLine]) -> Iterator[tuple[str, OutlineLine]]:
    """Yield the lines that have values, each with the names of the headings above it."""
    above: dict[int, str] = {}
    for line in lines:
        above = {depth: name for depth, name in above.items() if depth < line.depth}
        name = line_name(line)
        if line.value is not None:
            yield " › ".join([*(above[depth] for depth in sorted(above)), name]), line
        above[line.depth] = name
