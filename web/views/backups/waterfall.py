"""The time of a run: it and its parts, each with when it was worked on and what it waited for.

Numbers that templates/runs/_waterfall.html draws, and the words beside them. A thousand parts are twenty groups.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from flask_babel import gettext

from db.clock import utcnow
from db.models import Run, Stint
from db.notices.conditions import APPROVAL_WAIT
from db.runs import run_progress
from db.waits import stints
from web.presentation.formatters import seconds_text

WIDTH = 1000
# Lanes of parts that are drawn: of more, some are drawn together.
MOST_LANES = 20
# Less is told of nobody's waiting.
SHORTEST = 0.5


class SpentOn(StrEnum):
    """Work, or one of the things that a run waits for."""

    WORK = "work"
    GRAPH = "graph"
    WORKER = "worker"
    PART = "part"
    APPROVAL = "approval"
    RETRY = "retry"


LOOKS = {SpentOn.WORK: "info", SpentOn.GRAPH: "warn", SpentOn.APPROVAL: "warn", SpentOn.RETRY: "bad"}
_BEGINNINGS = {"microsoft limit": SpentOn.GRAPH, APPROVAL_WAIT.lower(): SpentOn.APPROVAL}


class Span(NamedTuple):
    kind: SpentOn
    begin: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.begin).total_seconds()


class Bar(NamedTuple):
    """A span as it is drawn: work is high, waiting low."""

    x: float
    width: float
    look: str
    is_work: bool


@dataclass(frozen=True)
class Lane:
    """The spans of the run, of a part or of several parts. `after`: the part whose end let this one begin."""

    label: str
    spans: Sequence[Span]
    items: int = 0
    bad: int = 0
    after: int | None = None

    @cached_property
    def seconds(self) -> Counter[str]:
        """The seconds of each kind."""
        counts: Counter[str] = Counter()
        for span in self.spans:
            counts[span.kind] += span.seconds  # type: ignore[assignment]
        return counts

    @property
    def words(self) -> str:
        return ", ".join(_words(self.seconds, self.after))


@dataclass(frozen=True)
class Waterfall:
    """The lanes of a run, its own first. `begin`, `end`: what the whole width stands for."""

    lanes: Sequence[Lane]
    begin: datetime
    end: datetime
    parts: int

    @property
    def says_something(self) -> bool:
        """Is there more to say than how long the run took?"""
        return bool(self.parts) or len(self.lanes[0].spans) > 2

    @property
    def words(self) -> str:
        """The work and the waits of all lanes together; that a part waited for another is told of each."""
        total: Counter[str] = Counter()
        for lane in self.lanes:
            total.update(lane.seconds)
        del total[SpentOn.PART]
        return ", ".join(_words(total, None))

    def bars(self, lane: Lane) -> list[Bar]:
        whole = max((self.end - self.begin).total_seconds(), 0.001)
        drawn = []
        for span in lane.spans:
            x = (span.begin - self.begin).total_seconds() / whole * WIDTH
            is_work = span.kind == SpentOn.WORK
            drawn.append(Bar(round(x, 1), max(round(span.seconds / whole * WIDTH, 1), 1), _look(span.kind), is_work))
        return drawn


def waterfall(run: Run) -> Waterfall | None:
    """Look up where the time of a run went; None before it began."""
    if run.started_at is None:
        return None
    now = run.ended_at or utcnow()
    by_part: dict[int | None, list[Stint]] = {}
    for stint in stints.of_run(run):
        by_part.setdefault(stint.part, []).append(stint)
    under_way = {part.part: part for part in stints.parts_under_way(run)} if run.parts is not None else {}
    numbers = sorted({*by_part, *under_way} - {None}, key=lambda number: number or 0)
    parts = [_Part(n, by_part.get(n, []), under_way.get(n), now) for n in numbers if n is not None]
    lanes = [Lane(gettext("The run itself"), _own_spans(run, by_part.get(None, []), now)), *_lanes(run, parts)]
    end = max([now, *(span.end for lane in lanes for span in lane.spans)])
    return Waterfall(lanes, run.created_at, end, len(parts))


@dataclass(frozen=True)
class _Part:
    number: int
    stints: Sequence[Stint]
    row: Run | None
    now: datetime

    @property
    def queued_at(self) -> datetime:
        return self.row.created_at if self.row else self.stints[0].queued_at

    @cached_property
    def spans(self) -> list[Span]:
        return list(_spans(self.queued_at, self.stints, self.row, self.now))

    @property
    def ended_at(self) -> datetime | None:
        return None if self.row else self.stints[-1].ended_at


def _own_spans(run: Run, own: Sequence[Stint], now: datetime) -> list[Span]:
    if not own:
        began = run.started_at
        return _without_moments([Span(SpentOn.WORKER, run.created_at, began), Span(SpentOn.WORK, began, now)])
    is_active = run.ended_at is None and run.parts is None
    spans = list(_spans(run.created_at, own, run if is_active else None, now))
    if run.parts is not None and own[-1].ended_at < now:
        spans.append(Span(SpentOn.PART, own[-1].ended_at, now))
    return spans


def _spans(queued_at: datetime, of_lane: Iterable[Stint], row: Run | None, now: datetime) -> Iterable[Span]:
    """Yield what one run or part did from when it was queued. `row`: it has not ended."""
    at, kind, seconds = queued_at, SpentOn.WORKER, 0.0
    for stint in of_lane:
        began = stint.began_at or at
        yield from _gap(at, began, kind, seconds)
        yield from _without_moments([Span(SpentOn.WORK, began, stint.ended_at)])
        at, kind, seconds = stint.ended_at, _kind(stint.waits_for), stint.wait_seconds
    if row is None:
        return
    if row.claimed_by is None:
        yield from _gap(at, now, kind, max(seconds, (row.resume_at - at).total_seconds() if row.resume_at else 0))
    else:
        began = min(max(at + timedelta(seconds=seconds), row.started_at or at), now)
        yield from _gap(at, began, kind, seconds)
        yield from _without_moments([Span(SpentOn.WORK, began, now)])


def _gap(at: datetime, until: datetime, kind: SpentOn, seconds: float) -> list[Span]:
    """Return the wait for something, and then, when that was over, for a worker."""
    over = min(at + timedelta(seconds=seconds), until)
    return _without_moments([Span(kind, at, over), Span(SpentOn.WORKER, over, until)])


def _without_moments(spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if span.end > span.begin]


def _lanes(run: Run, parts: Sequence[_Part]) -> list[Lane]:
    if not parts:
        return []
    counts, first = run_progress.count_by_part(run), min(part.queued_at for part in parts)
    ended = sorted((part.ended_at, part.number) for part in parts if part.ended_at)
    at_once = -(-len(parts) // MOST_LANES)
    groups = [parts[begin : begin + at_once] for begin in range(0, len(parts), at_once)]
    return [_lane(group, counts, first, ended) for group in groups]


def _lane(
    group: Sequence[_Part],
    counts: dict[int, tuple[int, int]],
    first: datetime,
    ended: Sequence[tuple[datetime, int]],
) -> Lane:
    queued_at = min(part.queued_at for part in group)
    before = [number for at, number in ended if at <= queued_at]
    spans = [span for part in group for span in part.spans]
    waited = _without_moments([Span(SpentOn.PART, first, queued_at)])
    label = (
        gettext("Part %(number)s", number=group[0].number)
        if len(group) == 1
        else gettext("Parts %(first)s to %(last)s", first=group[0].number, last=group[-1].number)
    )
    items = [counts.get(part.number, (0, 0)) for part in group]
    after = before[-1] if before and waited and len(group) == 1 else None
    return Lane(label, [*waited, *spans], sum(all_ for all_, _ in items), sum(bad for _, bad in items), after)


def _kind(waits_for: str | None) -> SpentOn:
    beginnings = (kind for begin, kind in _BEGINNINGS.items() if (waits_for or "").lower().startswith(begin))
    return next(beginnings, SpentOn.RETRY) if waits_for else SpentOn.WORKER


def _look(kind: SpentOn) -> str:
    return LOOKS.get(kind, "muted")


def _words(seconds: Counter[str], after: int | None) -> Iterable[str]:
    told = {kind: seconds_text(max(count, 1)) for kind, count in seconds.items() if count >= SHORTEST}
    if SpentOn.WORK in told or not told:
        yield gettext("worked %(time)s", time=told.get(SpentOn.WORK, seconds_text(0)))
    if SpentOn.GRAPH in told:
        yield gettext("waited for Microsoft Graph %(time)s", time=told[SpentOn.GRAPH])
    if SpentOn.APPROVAL in told:
        yield gettext("waited for an approval in the tenant %(time)s", time=told[SpentOn.APPROVAL])
    if SpentOn.RETRY in told:
        yield gettext("waited before another try %(time)s", time=told[SpentOn.RETRY])
    if SpentOn.WORKER in told:
        yield gettext("waited for a worker %(time)s", time=told[SpentOn.WORKER])
    if SpentOn.PART in told:
        time = told[SpentOn.PART]
        yield (
            gettext("waited for other parts %(time)s", time=time)
            if after is None
            else gettext("waited for part %(number)s %(time)s", number=after, time=time)
        )
