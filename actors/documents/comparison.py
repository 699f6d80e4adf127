"""Composes documents of what differs, with the values: between two backup sets, or a tenant and its standard."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, partial
from typing import Any

from actors.changes.whole_comparison import PolicyPair, WholeComparison
from actors.documents.blocks import (
    Block,
    Contents,
    ContentsGroup,
    Cover,
    Facts,
    Heading,
    Look,
    Paragraph,
    Row,
    TextTable,
)
from actors.documents.composing import Record, SectionWords
from actors.documents.cover import STATE_WORDS, policy_anchor, type_anchor
from actors.documents.language import DocumentLanguage
from actors.documents.options import DocumentOptions
from actors.documents.sections import LastChange, last_changes
from actors.facade import policy_type_names, snapshot_diff
from actors.facade.snapshot_diff import Difference, Masking
from actors.standings.item_difference import ItemDifferences
from db.documents.provider import Provider
from db.models import Snapshot, StandardAdoption, StandardCell
from db.sql.value_lists import batched
from db.standards import cells
from db.states import CellState, ChangeKind, SetState

PAIRS_AT_ONCE = 50
_PAIR_WORDS = {
    ChangeKind.ADDED: "This policy is only in the later backup set.",
    ChangeKind.REMOVED: "This policy is only in the earlier backup set.",
}

# The worst first, as in a matrix. What nobody could read stands by itself, and never with what is aligned.
STANDING_WORDS: Mapping[CellState, str] = {
    CellState.DIFFERS: "Different from the standard",
    CellState.MISSING: "Missing",
    CellState.UNSURE: "Somebody has to say which policy it is",
    CellState.NOT_READABLE: "Could not be read, so nobody knows",
    CellState.STALE: "Read too long ago, so nobody knows",
    CellState.EXCEPTED: "Otherwise, as an exception allows",
    CellState.ALIGNED: "As the standard wants it",
}


@dataclass(frozen=True)
class ComparisonFront:
    """The front of a comparison, and the pairs that the options leave of it."""

    subject: str
    comparison: WholeComparison
    options: DocumentOptions
    language: DocumentLanguage
    provider: Provider
    made_at: datetime

    @property
    def pairs(self) -> list[PolicyPair]:
        wanted = self.options.types
        return [pair for pair in self.comparison.pairs if not wanted or pair.policy_type in wanted]

    @property
    def facts(self) -> list[tuple[str, str]]:
        language, comparison = self.language, self.comparison
        say = language.say
        differ = language.count(len(self.pairs), "{number} policy", "{number} policies")
        facts = [
            (say("Tenant"), str(comparison.after.tenant.name)),
            (say("Of"), self.subject),
            (say("Different"), differ),
            (say("The same"), language.count(comparison.same, "{number} policy", "{number} policies")),
        ]
        facts += [(say("Left out"), words) for words in self._left_out()]
        return [*facts, (say("Made"), language.time(self.made_at))]

    def _left_out(self) -> Iterator[str]:
        say = self.language.say
        if self.options.types:
            titles = ", ".join(say(policy_type_names.title(key)) for key in self.options.types)
            yield say("Policy types other than: {titles}", titles=titles)
        if self.comparison.unread:
            titles = ", ".join(say(policy_type_names.title(key)) for key in self.comparison.unread)
            yield say("Not held whole by both, so what only one has is not told: {titles}", titles=titles)

    def states(self) -> list[tuple[str, str]]:
        """Say how whole each of the two sets is."""
        say = self.language.say
        return [
            (say("Backup set {number}", number=backup_set.id), say(STATE_WORDS[SetState(backup_set.state)]))
            for backup_set in (self.comparison.before, self.comparison.after)
        ]


@dataclass(frozen=True)
class ComparedSection:
    """A pair opened. `differences` None: one of both cannot be opened, or is not there."""

    pair: PolicyPair
    differences: Sequence[Difference] | None
    last_change: LastChange | None

    @property
    def snapshot(self) -> Snapshot:
        return self.pair.after or self.pair.before  # type: ignore[return-value]  # a pair has one of both


def compared_sections(front: ComparisonFront) -> Iterator[ComparedSection]:
    """Yield the pairs opened, one after the other, their secrets masked."""
    for some in batched(front.pairs, PAIRS_AT_ONCE):
        ids = [(pair.after or pair.before).policy_id for pair in some]  # type: ignore[union-attr]
        changes = last_changes(ids, front.comparison.after.completed_at)
        both = [(pair.before, pair.after) for pair in some if pair.before and pair.after]
        found = iter(
            snapshot_diff.compare_pairs(both, partial(Masking, tells_apart=True), language=front.options.language)
        )
        for pair, policy_id in zip(some, ids, strict=True):
            differences = next(found) if pair.before and pair.after else None
            yield ComparedSection(pair, differences, changes.get(policy_id))


def comparison_blocks(front: ComparisonFront) -> Iterator[Block]:
    """Yield the whole document, the cover left out."""
    say, pairs = front.language.say, front.pairs
    yield Facts(front.facts)
    yield Heading(2, say("How whole it is"))
    yield Facts(front.states())
    yield Paragraph(say("Secrets inside policies are masked in this document."), Look.NOTE)
    yield Heading(2, say("Contents"))
    if not pairs:
        yield Paragraph(say("Nothing differs."))
        return
    yield _contents(pairs, front.language)
    words, last_type, place = SectionWords(front.language, with_ids=front.options.with_ids), "", 0
    for number, section in enumerate(compared_sections(front), start=1):
        title = policy_type_names.title(section.pair.policy_type)
        if title != last_type:
            last_type, place = title, place + 1
            yield Heading(2, say(title), type_anchor(place))
        yield Heading(3, section.pair.name, policy_anchor(number))
        yield from _section_blocks(section, words)


def comparison_cover(front: ComparisonFront, title: str) -> Cover:
    return Cover(title, front.subject, front.provider.name, front.provider.logo, front.provider.logo_type)


def _contents(pairs: Sequence[PolicyPair], language: DocumentLanguage) -> Contents:
    groups: dict[str, list[tuple[str, str]]] = {}
    for number, pair in enumerate(pairs, start=1):
        groups.setdefault(policy_type_names.title(pair.policy_type), []).append((pair.name, policy_anchor(number)))
    return Contents([
        ContentsGroup(language.say(title), type_anchor(place), links)
        for place, (title, links) in enumerate(groups.items(), start=1)
    ])  # fmt: skip


def _section_blocks(section: ComparedSection, words: SectionWords) -> Iterator[Block]:
    say = words.language.say
    if words.with_ids:
        yield Facts([(say("Id"), section.snapshot.policy.graph_id)])
    if section.differences is None:
        yield Paragraph(_why_none(section, words), Look.WARNING)
    elif not section.differences:
        yield Paragraph(say("Only what no page shows differs."), Look.NOTE)
    else:
        columns = (say("Setting"), say("Before"), say("After"))
        rows = [
            Row((difference.label, value_text(difference.before, words), value_text(difference.after, words)))
            for difference in section.differences
        ]
        yield TextTable(section.pair.name, columns, rows)
    if section.last_change is not None:
        yield Paragraph(words.last_change(section.last_change), Look.NOTE)


def _why_none(section: ComparedSection, words: SectionWords) -> str:
    one_side = _PAIR_WORDS.get(section.pair.kind)
    return words.language.say(one_side or "This policy cannot be opened: the key that sealed it is missing.")


def value_text(value: Any, words: SectionWords) -> str:
    """Return one side of a difference as text."""
    say = words.language.say
    if value is None:
        return say("not set")
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return words.shortened(text)


def comparison_records(front: ComparisonFront, title: str) -> Iterator[Record]:
    """Yield the document as the lines of one table."""
    words = SectionWords(front.language, with_ids=front.options.with_ids)
    say = front.language.say
    for name, value in (*front.facts, *front.states()):
        yield Record("", title, "", say("Document"), "", name, value)
    for section in compared_sections(front):
        yield from _section_records(section, words)


def _section_records(section: ComparedSection, words: SectionWords) -> Iterator[Record]:
    say, pair = words.language.say, section.pair
    policy_id = section.snapshot.policy.graph_id if words.with_ids else ""
    about = (say(policy_type_names.title(pair.policy_type)), pair.name, policy_id)
    if section.differences is None:
        yield Record(*about, say("Difference"), "", "", _why_none(section, words))
    for difference in section.differences or ():
        yield Record(*about, say("Before"), "", difference.label, value_text(difference.before, words))
        yield Record(*about, say("After"), "", difference.label, value_text(difference.after, words))
    if section.last_change is not None:
        yield Record(*about, say("Last change"), "", "", words.last_change(section.last_change))


# --- a tenant and its standard ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StandingFront:
    """The front of the document: a tenant that follows a standard, with its cells as they were worked out last."""

    subject: str
    adoption: StandardAdoption
    options: DocumentOptions
    language: DocumentLanguage
    provider: Provider
    made_at: datetime

    @cached_property
    def by_state(self) -> dict[CellState, list[StandardCell]]:
        """State -> its cells by type and name, for the states that any is in."""
        wanted = self.options.types
        rows = [cell for cell in cells.of_adoption(self.adoption).values() if not wanted or cell.policy_type in wanted]
        rows.sort(key=lambda cell: (policy_type_names.title(cell.policy_type).lower(), cell.name.lower()))
        found = {state: [cell for cell in rows if cell.state == state] for state in STANDING_WORDS}
        return {state: of_state for state, of_state in found.items() if of_state}

    @property
    def count(self) -> int:
        return sum(map(len, self.by_state.values()))

    @property
    def facts(self) -> list[tuple[str, str]]:
        say, adoption = self.language.say, self.adoption
        looked = self.language.time(adoption.checked_at) if adoption.checked_at else say("not looked at yet")
        return [
            (say("Tenant"), str(adoption.tenant.name)),
            (say("Of"), self.subject),
            (say("As its newest snapshots were on"), looked),
            (say("Made"), self.language.time(self.made_at)),
        ]

    def states(self) -> list[tuple[str, str]]:
        """Say how many policies are in each state: no share, for what could not be read is in none."""
        count = self.language.count
        return [
            (self.language.say(STANDING_WORDS[state]), count(len(rows), "{number} policy", "{number} policies"))
            for state, rows in self.by_state.items()
        ]


def standing_cover(front: StandingFront, title: str) -> Cover:
    return Cover(title, front.subject, front.provider.name, front.provider.logo, front.provider.logo_type)


def standing_blocks(front: StandingFront) -> Iterator[Block]:
    """Yield the whole document, the cover left out."""
    say = front.language.say
    yield Facts(front.facts)
    yield Heading(2, say("How it stands"))
    if not front.by_state:
        yield Paragraph(say("Nobody has looked yet."), Look.WARNING)
        return
    yield Facts(front.states())
    yield Paragraph(say("Secrets inside policies are masked in this document."), Look.NOTE)
    words, number = SectionWords(front.language, with_ids=front.options.with_ids), 0
    for place, (state, rows) in enumerate(front.by_state.items(), start=1):
        yield Heading(2, say(STANDING_WORDS[state]), type_anchor(place))
        if state not in (CellState.DIFFERS, CellState.EXCEPTED):
            yield _list_of(rows, say(STANDING_WORDS[state]), front.language)
            continue
        for cell, differences in _opened(front, rows):
            number += 1
            yield Heading(3, cell.name, policy_anchor(number))
            yield Facts([(say("Policy type"), say(policy_type_names.title(cell.policy_type)))])
            yield from _item_blocks(cell, differences, words)


def _list_of(rows: Sequence[StandardCell], title: str, language: DocumentLanguage) -> TextTable:
    say = language.say
    lines = [Row((cell.name, say(policy_type_names.title(cell.policy_type))), small=say(cell.why)) for cell in rows]
    return TextTable(title, (say("Policy"), say("Policy type")), lines)


def _opened(
    front: StandingFront, rows: Sequence[StandardCell]
) -> Iterator[tuple[StandardCell, Sequence[Difference] | None]]:
    """Yield each cell with what differs, secrets masked; None where that cannot be opened, or nothing is compared."""
    compared = ItemDifferences(front.adoption)
    for cell in rows:
        found = compared.of(cell.item_key, Masking(tells_apart=True), front.options.language)
        is_known = found is not None and found.snapshot is not None and not found.is_lost
        yield cell, [*found.counted, *found.excused] if found is not None and is_known else None


def _item_blocks(cell: StandardCell, differences: Sequence[Difference] | None, words: SectionWords) -> Iterator[Block]:
    say = words.language.say
    if cell.why:
        yield Paragraph(say(cell.why), Look.NOTE)
    if differences:
        columns = (say("Setting"), say("In the tenant"), say("In the standard"))
        rows = [
            Row((difference.label, value_text(difference.before, words), value_text(difference.after, words)))
            for difference in differences
        ]
        yield TextTable(cell.name, columns, rows)


def standing_records(front: StandingFront, title: str) -> Iterator[Record]:
    """Yield the document as the lines of one table."""
    say = front.language.say
    words = SectionWords(front.language, with_ids=front.options.with_ids)
    for name, value in (*front.facts, *front.states()):
        yield Record("", title, "", say("Document"), "", name, value)
    for state, rows in front.by_state.items():
        is_open = state in (CellState.DIFFERS, CellState.EXCEPTED)
        for cell, differences in _opened(front, rows) if is_open else ((cell, ()) for cell in rows):
            about = (say(policy_type_names.title(cell.policy_type)), cell.name, "")
            yield Record(*about, say("State"), "", say(STANDING_WORDS[state]), say(cell.why))
            for difference in differences or ():
                yield Record(*about, say("In the tenant"), "", difference.label, value_text(difference.before, words))
                yield Record(*about, say("In the standard"), "", difference.label, value_text(difference.after, words))
