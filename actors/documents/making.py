"""`document.make`: writes a document into sealed chunks, which a page or a command hands out later.

After a crash it is written again from the beginning: it only reads.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Protocol

import dramatiq

from actors.changes import whole_comparison
from actors.documents import contents
from actors.documents.blocks import Block, Cover
from actors.documents.comparison import (
    ComparisonFront,
    StandingFront,
    comparison_blocks,
    comparison_cover,
    comparison_records,
    standing_blocks,
    standing_cover,
    standing_records,
)
from actors.documents.composing import Record, blocks_of, records_of
from actors.documents.cover import Front, cover_of
from actors.documents.csv_writer import csv_pieces
from actors.documents.docx_writer import write_docx
from actors.documents.html_writer import html_pieces
from actors.documents.language import DocumentLanguage, language_of
from actors.documents.markdown_writer import markdown_pieces
from actors.documents.options import DocumentOptions, parse_moment
from actors.facade.foreign_formats import format_words
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import BULK, PRIORITY
from actors.queue.run_actor import run_claimed
from actors.standings import item_difference
from db.audit.audit import Actor
from db.backups import backup_sets
from db.clock import utcnow
from db.database import database
from db.documents import documents, provider
from db.documents.documents import DocumentFile
from db.errors import Invalid
from db.models import PolicyDocument, Tenant
from db.policies import policies
from db.runs import claims, run_items
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import DocumentFormat, ItemState, Outcome, RunKind
from graph.errors import Rejected

# Stands at the run's item where others have a policy type.
DOCUMENT_ITEM = "document"


def start(tenant: Tenant, options: DocumentOptions, actor: Actor) -> EnqueuedRun:
    """Start the run that makes a document of the tenant. Raises Invalid where there is nothing to make it of."""
    options = options.checked()
    title = f"{tenant.name}: {_subject(tenant, options, language_of(options.language))}"
    kept = options.as_json()
    wishes = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:32]
    item = NewRunItem(DOCUMENT_ITEM, title[:1000])
    return enqueue_new(documents.start(tenant, kept, title, f"{RunKind.DOCUMENT}:{tenant.id}:{wishes}", item, actor))


def sets_of_days(tenant: Tenant, first: date, last: date) -> tuple[int, int]:
    """Return the last whole backups that had ended by the ends of two days, in UTC. Raises Invalid."""
    found = []
    for day in (first, last):
        end = datetime.combine(day, time.max)
        backup_set = backup_sets.newest_whole(tenant, before=end)
        if backup_set is None:
            raise Invalid(f"There is no whole backup of {tenant.name} that had ended by {day}.")
        found.append(backup_set.id)
    if found[0] == found[1]:
        raise Invalid("The last whole backup of both days is the same one. Choose days further apart.")
    return found[0], found[1]


def _subject(tenant: Tenant, options: DocumentOptions, language: DocumentLanguage) -> str:
    """Say what the document is of. Raises Invalid where that is not here."""
    if options.other_set is not None and options.backup_set is not None:
        before, after = (contents.set_of(tenant, number) for number in (options.backup_set, options.other_set))
        return language.say(
            "What differs from backup set {first} ({first_time}) to backup set {second} ({second_time})",
            first=before.id,
            first_time=language.time(before.created_at),
            second=after.id,
            second_time=language.time(after.created_at),
        )
    if options.standard is not None:
        adoption = contents.adoption_of(tenant, options.standard)
        version = item_difference.version_of(adoption)
        number = version.number if version else 0
        return language.say("Standard “{name}”, version {number}", name=adoption.standard.name, number=number)
    if options.backup_set is not None:
        backup_set = contents.set_of(tenant, options.backup_set)
        time = language.time(backup_set.created_at)
        return language.say("Backup set {number} of {time}", number=backup_set.id, time=time)
    if options.at is not None:
        return language.say("All policies as they were on {time}", time=language.time(parse_moment(options.at)))
    if options.policy_import is not None:
        row = contents.import_of(tenant, options.policy_import)
        formats = format_words(row.formats)
        return language.say("“{name}”, imported from {formats}, not captured", name=row.name, formats=formats)
    if options.policy is None:
        return language.say("All policies as they were read last")
    chosen = policies.chosen(tenant, [options.policy])
    if not chosen:
        raise Invalid("The policy is no longer here.")
    return language.say("Policy “{name}”", name=chosen[0].name)


@dramatiq.actor(actor_name=RunKind.DOCUMENT, queue_name=BULK, priority=PRIORITY[BULK])
def make(run_id: int) -> None:
    run_claimed(run_id, RunKind.DOCUMENT, _make)


def _make(claim: Claim) -> None:
    document = documents.find_of_run(claim.run)
    for item in run_items.unsettled_items(claim.run):
        if document is None:
            raise Rejected("gone", "The document was deleted before it was made.")
        try:
            count, file = write(claim, document)
        except Invalid as e:
            raise Rejected("refused", str(e)) from e
        with database.atomic():
            claims.assert_claim(claim)
            file.finish(count)
            run_items.finish_item(claim, item, ItemState.DONE, Outcome.WRITTEN)


class _Composition(Protocol):
    """A document that is ready to be written: its cover, and what comes after it."""

    @property
    def policies(self) -> int: ...
    def cover(self) -> Cover: ...
    def blocks(self) -> Iterator[Block]: ...
    def records(self) -> Iterator[Record]: ...


@dataclass(frozen=True)
class _OfPolicies:
    front: Front
    title: str

    @property
    def policies(self) -> int:
        return len(self.front.entries)

    def cover(self) -> Cover:
        return cover_of(self.front, self.title)

    def blocks(self) -> Iterator[Block]:
        return blocks_of(self.front)

    def records(self) -> Iterator[Record]:
        return records_of(self.front, self.title)


@dataclass(frozen=True)
class _OfDifferences:
    front: ComparisonFront
    title: str

    @property
    def policies(self) -> int:
        return len(self.front.pairs)

    def cover(self) -> Cover:
        return comparison_cover(self.front, self.title)

    def blocks(self) -> Iterator[Block]:
        return comparison_blocks(self.front)

    def records(self) -> Iterator[Record]:
        return comparison_records(self.front, self.title)


@dataclass(frozen=True)
class _OfStanding:
    front: StandingFront
    title: str

    @property
    def policies(self) -> int:
        return self.front.count

    def cover(self) -> Cover:
        return standing_cover(self.front, self.title)

    def blocks(self) -> Iterator[Block]:
        return standing_blocks(self.front)

    def records(self) -> Iterator[Record]:
        return standing_records(self.front, self.title)


def compose(tenant: Tenant, options: DocumentOptions) -> _Composition:
    """Compose a document. Its contents are opened while it is written. Raises Invalid where its subject is gone."""
    language, name = language_of(options.language), str(tenant.name)
    subject = _subject(tenant, options, language)
    about: Any = {"options": options, "language": language, "provider": provider.get(), "made_at": utcnow()}
    if options.other_set is not None and options.backup_set is not None:
        before, after = (contents.set_of(tenant, number) for number in (options.backup_set, options.other_set))
        return _OfDifferences(ComparisonFront(subject, whole_comparison.pair_up(before, after), **about), name)
    if options.standard is not None:
        adoption = contents.adoption_of(tenant, options.standard)
        return _OfStanding(StandingFront(subject, adoption, **about), name)
    source = contents.source_of(tenant, options)
    entries = contents.narrowed(source, options)
    counted = len(source.entries())
    return _OfPolicies(Front(subject, source, entries, counted, **about), name)


def write(claim: Claim, document: PolicyDocument) -> tuple[int, DocumentFile]:
    """Write a document's file. Return how many policies it tells of, and the file, which is still to be finished."""
    options = DocumentOptions.of_json(document.options)
    composition, file = compose(document.tenant, options), DocumentFile(claim, document)
    write_into(file, composition, options)
    return composition.policies, file


def write_into(file: Any, composition: _Composition, options: DocumentOptions) -> None:
    """Write a composition into a binary file that need not seek."""
    language, cover = language_of(options.language), composition.cover()
    if options.format == DocumentFormat.DOCX:
        write_docx(file, cover, composition.blocks(), language, utcnow())
        return
    for piece in _pieces(options.format, composition, cover, language):
        file.write(piece.encode())


def _pieces(
    wanted: DocumentFormat, composition: _Composition, cover: Cover, language: DocumentLanguage
) -> Iterator[str]:
    if wanted == DocumentFormat.CSV:
        return csv_pieces(composition.records(), language)

    def blocks() -> Iterator[Block]:
        yield cover
        yield from composition.blocks()

    if wanted == DocumentFormat.MARKDOWN:
        return markdown_pieces(blocks())
    return html_pieces(blocks(), f"{cover.title}: {cover.subtitle}", language)
