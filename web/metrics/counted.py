"""Counters and histograms as samples, from what all processes have counted (actors/process/counters.py)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from actors.process.counters import BUCKETS, SUM, Field
from web.metrics.exposition import Sample


def counter_samples(
    totals: Mapping[Field, float], name: str, labels: Sequence[str], expected: Iterable[Sequence[str]] = ()
) -> Iterator[Sample]:
    """Yield the counter's samples. `expected`: labels that are told from the start, at 0: so a first one is a rise."""
    counts = {tuple(values): 0.0 for values in expected}
    counts |= {field[1:]: count for field, count in totals.items() if _is_of(field, name, len(labels))}
    for values, count in sorted(counts.items()):
        yield Sample(name, count, dict(zip(labels, values, strict=True)))


def histogram_samples(totals: Mapping[Field, float], name: str, labels: Sequence[str]) -> Iterator[Sample]:
    ends = [*(f"{end:g}" for end in BUCKETS[name]), "+Inf"]
    of_name = {field[1:]: amount for field, amount in totals.items() if _is_of(field, name, len(labels) + 1)}
    for values in sorted({parts[:-1] for parts in of_name}):
        own, below = dict(zip(labels, values, strict=True)), 0.0
        for end in ends:
            below += of_name.get((*values, end), 0)
            yield Sample(name, below, {**own, "le": end}, "_bucket")
        yield Sample(name, below, own, "_count")
        yield Sample(name, of_name.get((*values, SUM), 0), own, "_sum")


def _is_of(field: Field, name: str, length: int) -> bool:
    return field[0] == name and len(field) == length + 1
