"""The front of a document: of what, when, how whole, and what could not be read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from actors.document_sources.captured import DocumentSource, SourceEntry, TypeStanding, UnreadPolicy
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
from actors.documents.contents import is_of_standing
from actors.documents.language import DocumentLanguage
from actors.documents.options import DocumentOptions, parse_day
from actors.facade import policy_type_names
from db.documents.provider import Provider
from db.states import QUIET_OFFERS, Offer, SetState

# More rows say nothing more on paper.
MAX_UNREAD_ROWS = 500
STATE_WORDS = {
    SetState.COMPLETE: "Everything that was asked for is in it.",
    SetState.WARNINGS: "Everything that may be read is in it. Some policy types may not be read.",
    SetState.INCOMPLETE: "Some of what was asked for could not be read.",
    SetState.RUNNING: "The backup has not ended yet.",
}
_OFFER_WORDS = {
    Offer.OFFERED: "whole",
    Offer.NOT_OFFERED: "not offered in this tenant",
    Offer.NEVER_READ: "never read",
    Offer.NOT_PERMITTED: "may not be read: a permission is missing",
    Offer.FAILED: "could not be read, or not all of it",
}


@dataclass(frozen=True)
class Front:
    """The facts on the front of a document. `subject`: what it is of, in words; `counted`: without options."""

    subject: str
    source: DocumentSource
    entries: Sequence[SourceEntry]
    counted: int
    options: DocumentOptions
    language: DocumentLanguage
    provider: Provider
    made_at: datetime

    @property
    def facts(self) -> list[tuple[str, str]]:
        say = self.language.say
        imported_at = self.source.imported_at
        pairs = [(say("Imported for") if imported_at else say("Tenant"), self.source.tenant_name)]
        if self.options.with_ids and self.source.directory_id:
            pairs.append((say("Directory id"), self.source.directory_id))
        pairs.append((say("Of"), self.subject))
        read = self.language.time(imported_at) if imported_at else self._captured()
        pairs.append((say("Imported") if imported_at else say("Captured"), read))
        pairs.append((say("Policies"), self._policies()))
        pairs += [(say("Left out"), words) for words in self._left_out()]
        pairs.append((say("Made"), self.language.time(self.made_at)))
        return pairs

    def _captured(self) -> str:
        if self.source.captured_at is not None:
            return self.language.time(self.source.captured_at)
        times = [entry.captured_at for entry in self.entries if entry.captured_at]
        if not times:
            return self.language.say("nothing")
        first, last = self.language.day(min(times)), self.language.day(max(times))
        if first == last:
            return self.language.time(max(times))
        return self.language.say("each when it was seen to change, from {first} to {last}", first=first, last=last)

    def _policies(self) -> str:
        if len(self.entries) == self.counted:
            return self.language.count(self.counted, "{number} policy", "{number} policies")
        return self.language.say("{some} of {all}", some=len(self.entries), all=self.counted)

    def _left_out(self) -> Iterator[str]:
        say, options = self.language.say, self.options
        if options.types:
            titles = ", ".join(say(policy_type_names.title(key)) for key in options.types)
            yield say("Policy types other than: {titles}", titles=titles)
        if options.only_assigned:
            yield say("Policies that are assigned to nobody")
        if options.changed_since:
            day = self.language.day(parse_day(options.changed_since))
            yield say("Policies whose content is the same since {day}", day=day)

    @property
    def state(self) -> str:
        """The completeness of the whole, in words."""
        certainty = self.source.certainty
        if certainty is not None:
            return self.language.say(certainty.words, **certainty.values)
        if self.source.set_state is not None:
            return self.language.say(STATE_WORDS[self.source.set_state])
        lacks = any(standing.offer not in (Offer.OFFERED, *QUIET_OFFERS) for standing in self._standings())
        if lacks:
            return self.language.say("The last backup lacks some policy types, or some of their policies.")
        return self.language.say("As the newest snapshot of each policy has it.")

    def _standings(self) -> list[TypeStanding]:
        return [standing for standing in self.source.standings() if is_of_standing(standing, self.options)]

    def standing_rows(self) -> list[tuple[str, int, str]]:
        """Return (policy type's title, policies in the document, completeness in words), the whole ones first."""
        counts: dict[str, int] = {}
        for entry in self.entries:
            counts[entry.policy_type] = counts.get(entry.policy_type, 0) + 1
        rows = [
            (self.language.say(policy_type_names.title(standing.policy_type)), counts.get(standing.policy_type, 0),
             self._standing_words(standing))
            for standing in self._standings()
            if counts.get(standing.policy_type) or standing.offer not in QUIET_OFFERS
        ]  # fmt: skip
        return sorted(rows, key=lambda row: (not row[1], row[0].lower()))

    def _standing_words(self, standing: TypeStanding) -> str:
        if standing.unread:
            return self.language.count(
                standing.unread, "{number} policy could not be read", "{number} policies could not be read"
            )
        words = self.language.say(_OFFER_WORDS[standing.offer])
        is_told = standing.why and standing.offer in (Offer.FAILED, Offer.NOT_PERMITTED)
        return f"{words} ({standing.why})" if is_told else words

    def unread_rows(self) -> list[UnreadPolicy]:
        """Return what is not in the document and could be, with the reasons in the language as far as it has them."""
        wanted, language = self.options.types, self.language
        unread = [row for row in self.source.unread() if not wanted or row.policy_type in ("", *wanted)]
        return [replace(row, why=language.template(row.why)) for row in unread]


def cover_of(front: Front, title: str) -> Cover:
    return Cover(title, front.subject, front.provider.name, front.provider.logo, front.provider.logo_type)


def front_blocks(front: Front) -> Iterator[Block]:
    """Yield what comes before the list of contents, the cover left out."""
    say = front.language.say
    yield Facts(front.facts)
    yield Heading(2, say("How whole it is"))
    yield Paragraph(front.state)
    rows = [Row((title, str(count), words)) for title, count, words in front.standing_rows()]
    if rows:
        columns = (say("Policy type"), say("Policies here"), say("Completeness"))
        yield TextTable(say("How whole it is"), columns, rows)
    yield from _unread_blocks(front)
    yield Paragraph(say("Secrets inside policies are masked in this document."), Look.NOTE)


def _unread_blocks(front: Front) -> Iterator[Block]:
    say, unread = front.language.say, front.unread_rows()
    if not unread:
        return
    yield Heading(2, say("What could not be read"))
    rows = [
        Row((_unread_title(row, front.language), row.name or say("the whole type"), row.why))
        for row in unread[:MAX_UNREAD_ROWS]
    ]
    yield TextTable(say("What could not be read"), (say("Policy type"), say("Policy"), say("Why")), rows)
    if len(unread) > MAX_UNREAD_ROWS:
        more = len(unread) - MAX_UNREAD_ROWS
        yield Paragraph(front.language.count(more, "And {number} more.", "And {number} more."), Look.NOTE)


def _unread_title(row: UnreadPolicy, language: DocumentLanguage) -> str:
    return language.say(policy_type_names.title(row.policy_type)) if row.policy_type else language.say("a file")


def contents_of(entries: Sequence[SourceEntry], language: DocumentLanguage) -> Contents:
    """Return the list of contents: policy types, and below each its policies."""
    groups: dict[str, list[tuple[int, SourceEntry]]] = {}
    for number, entry in enumerate(entries, start=1):
        groups.setdefault(entry.type_title, []).append((number, entry))
    return Contents([
        ContentsGroup(language.say(title), type_anchor(place),
                      [(entry.name, policy_anchor(number)) for number, entry in some])
        for place, (title, some) in enumerate(groups.items(), start=1)
    ])  # fmt: skip


def type_anchor(place: int) -> str:
    return f"type-{place}"


def policy_anchor(number: int) -> str:
    return f"policy-{number}"
