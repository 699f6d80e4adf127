"""The report of a rehearsal, to be handed to an auditor: what was done, when, by which runs, and what was found.

It is made of the rehearsal's rows alone, at most some hundred lines, and opens no content.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from io import BytesIO

from actors.documents import making
from actors.documents.blocks import Block, Cover, Facts, Heading, Look, Paragraph, Row, TextTable
from actors.documents.composing import Record
from actors.documents.language import DocumentLanguage, language_of
from actors.documents.options import DocumentOptions
from actors.facade import policy_type_names
from db.clock import utcnow
from db.documents import provider
from db.documents.provider import Provider
from db.models import Rehearsal, RehearsalFinding, RehearsalSample, RunItem, Tenant
from db.rehearsals import rehearsals
from db.runs import run_items, runs
from db.states import DocumentFormat, ItemState, RehearsalState

STATE_WORDS = {
    RehearsalState.RUNNING: "It is under way.",
    RehearsalState.PASSED: "It passed: nothing was found wrong.",
    RehearsalState.FINDINGS: "It came to its end, and something was not as it should be.",
    RehearsalState.FAILED: "It failed.",
    RehearsalState.CANCELLED: "It was cancelled.",
}
_STEP_WORDS = {
    ItemState.PENDING: "not begun",
    ItemState.WORKING: "under way",
    ItemState.DONE: "in order",
    ItemState.SKIPPED: "left out",
    ItemState.FAILED: "with findings",
    ItemState.UNCERTAIN: "uncertain",
}

# Steps whose remarks are of what was not read, and of no restore.
UNREAD = frozenset({"backup"})
_AT_LEAST = "at least {count}, of which the first of each step are named here"


@dataclass(frozen=True)
class RehearsalReport:
    """A report, ready to be written by the writers of documents. `shows_lab`: its reader may see the lab's tenant.

    `say_kept` says what was kept, which is English, in the reader's language.
    """

    rehearsal: Rehearsal
    shows_lab: bool
    say_kept: Callable[[str], str]
    language: DocumentLanguage
    provider: Provider
    made_at: datetime

    @property
    def policies(self) -> int:
        return int(self.rehearsal.contents_checked)

    @property
    def subject(self) -> str:
        began = self.language.time(self.rehearsal.created_at)
        return self.language.say("Rehearsal {number} of {time}", number=self.rehearsal.id, time=began)

    def cover(self) -> Cover:
        of = self.provider
        return Cover(str(self.rehearsal.tenant.name), self.subject, of.name, of.logo, of.logo_type)

    @cached_property
    def steps(self) -> list[RunItem]:
        """The steps, while the run's items are kept."""
        run = runs.find_run(self.rehearsal.run_id) if self.rehearsal.run_id else None
        return run_items.of_run(run) if run else []

    @cached_property
    def failures(self) -> list[RehearsalFinding]:
        return rehearsals.findings_of(self.rehearsal, failures=True)

    @cached_property
    def remarks(self) -> list[RehearsalFinding]:
        return rehearsals.findings_of(self.rehearsal, failures=False)

    @cached_property
    def samples(self) -> list[RehearsalSample]:
        return rehearsals.samples_of(self.rehearsal)

    def facts(self) -> list[tuple[str, str]]:
        say, row = self.language.say, self.rehearsal
        pairs = [
            (say("Tenant"), str(row.tenant.name)),
            (say("Directory id"), str(row.tenant.directory_id)),
            (say("Result"), say(STATE_WORDS[RehearsalState(row.state)])),
            (say("Began"), self.language.time(row.created_at)),
        ]
        if row.ended_at is not None:
            pairs.append((say("Ended"), self.language.time(row.ended_at)))
        numbers = {
            say("Run"): row.run_id,
            say("Run of the backup"): row.backup_run_id,
            say("Backup set"): row.backup_set_id,
            say("Planned restore"): row.plan_restore_id,
        }
        pairs += [(title, str(number)) for title, number in numbers.items() if number]
        if row.contents_total is not None:
            checked = say("{some} of {all}", some=row.contents_checked, all=row.contents_total)
            pairs.append((say("Contents opened and compared with their fingerprints"), checked))
        pairs.append((say("Findings"), self._count()))
        pairs.append((say("Lab"), self._lab()))
        return [*pairs, (say("Made"), self.language.time(self.made_at))]

    def _count(self) -> str:
        count = len(self.failures)
        return (
            str(count) if rehearsals.keeps_all_failures(self.rehearsal) else self.language.say(_AT_LEAST, count=count)
        )

    def _lab(self) -> str:
        if self.rehearsal.lab_id is None:
            return self.language.say("none: nothing was restored")
        lab: Tenant | None = Tenant.get_or_none(Tenant.id == self.rehearsal.lab_id)
        return str(lab.name) if lab is not None and self.shows_lab else self.language.say("another tenant")

    def blocks(self) -> Iterator[Block]:
        """Yield the report, the cover left out."""
        say = self.language.say
        yield Facts(self.facts())
        yield Paragraph(say("A rehearsal writes nothing to the tenant that it is of."), Look.NOTE)
        yield from self._table("Steps", ("Step", "State", "What happened"), self._step_rows())
        yield from self._table("Findings", ("Policy type", "Policy", "What was found"), _rows(self, self.failures))
        if not self.failures:
            yield Paragraph(say("Nothing was found wrong."))
        sampled = ("Policy type", "Policy", "Outcome", "Fields otherwise than planned", "Removed again")
        yield from self._table("Restored into the lab", sampled, self._sample_rows())
        for title, rows in self._remarks():
            yield from self._table(title, ("Policy type", "Policy", "Why"), _rows(self, rows))

    def _remarks(self) -> list[tuple[str, list[RehearsalFinding]]]:
        unread = [row for row in self.remarks if row.step in UNREAD]
        by_hand = [row for row in self.remarks if row.step not in UNREAD]
        return [("Not read by the backup", unread), ("Needs a hand in a restore", by_hand)]

    def _table(self, title: str, columns: Sequence[str], rows: Sequence[Row]) -> Iterator[Block]:
        say = self.language.say
        if rows or title == "Findings":
            yield Heading(2, say(title))
        if rows:
            yield TextTable(say(title), [say(column) for column in columns], rows)

    def _step_rows(self) -> list[Row]:
        say = self.language.say
        return [
            Row((say(item.name), say(_STEP_WORDS[ItemState(item.state)]), self.say_kept(item.message or "")))
            for item in self.steps
        ]

    def _sample_rows(self) -> list[Row]:
        say = self.language.say

        def is_removed(row: RehearsalSample) -> str:
            if row.lab_object_id is None:
                return ""
            left = say("no: {id}", id=row.lab_object_id) if self.shows_lab else say("no")
            return say("yes") if row.is_removed else left

        return [
            Row((
                self.type_title(row.policy_type), row.name, say(row.outcome or ""),
                "" if row.differences is None else str(row.differences), is_removed(row),
            ))
            for row in self.samples
        ]  # fmt: skip

    def type_title(self, policy_type: str | None) -> str:
        return self.language.say(policy_type_names.title(policy_type)) if policy_type else ""

    def name_of(self, row: RehearsalFinding) -> str:
        """Return the policy's own name; of what is about a whole policy type, the type's title."""
        is_title = row.policy_type is not None and row.name == policy_type_names.title(row.policy_type)
        return self.type_title(row.policy_type) if is_title else row.name or ""

    def records(self) -> Iterator[Record]:
        """Yield the report as the lines of one table."""
        say, name = self.language.say, str(self.rehearsal.tenant.name)
        yield from (Record("", name, "", say("Document"), "", title, value) for title, value in self.facts())
        for item in self.steps:
            state = say(_STEP_WORDS[ItemState(item.state)])
            yield Record("", name, "", say("Steps"), say(item.name), state, self.say_kept(item.message or ""))
        for part, rows in (("Findings", self.failures), *self._remarks()):
            for row in rows:
                title = self.type_title(row.policy_type)
                what = self.say_kept(row.message)
                yield Record(title, self.name_of(row), row.graph_id or "", say(part), "", row.code, what)
        for sample, cells in zip(self.samples, self._sample_rows(), strict=True):
            part, removed = say("Restored into the lab"), f"{say('Removed again')}: {cells.cells[4]}"
            yield Record(
                cells.cells[0], sample.name, sample.graph_id, part, "", cells.cells[2], cells.cells[3], removed
            )


def _rows(report: RehearsalReport, found: Sequence[RehearsalFinding]) -> list[Row]:
    return [
        Row((report.type_title(row.policy_type), report.name_of(row), report.say_kept(row.message))) for row in found
    ]


def write(
    rehearsal: Rehearsal, wanted: DocumentFormat, language: str, say_kept: Callable[[str], str], *, shows_lab: bool
) -> bytes:
    """Return the file of the report. Raises Invalid for a language that there is none of."""
    options = DocumentOptions(format=wanted, language=language).checked()
    report = RehearsalReport(rehearsal, shows_lab, say_kept, language_of(options.language), provider.get(), utcnow())
    file = BytesIO()
    making.write_into(file, report, options)
    return file.getvalue()
