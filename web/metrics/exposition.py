"""Prometheus' text and OpenMetrics: the two ways in which figures are written down.

github.com/prometheus/docs, exposition formats; github.com/prometheus/OpenMetrics, specification 1.0.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

PREFIX = "tenantkeep_"
OPENMETRICS = "application/openmetrics-text"
# By whether OpenMetrics was asked for.
CONTENT_TYPES = {
    True: f"{OPENMETRICS}; version=1.0.0; charset=utf-8",
    False: "text/plain; version=0.0.4; charset=utf-8",
}
GAUGE, COUNTER, HISTOGRAM = "gauge", "counter", "histogram"


@dataclass(frozen=True)
class Family:
    """All figures of one name. A counter's samples end in _total; `name` and `help` are without prefix."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sample:
    family: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    # What a histogram's sample adds to the name: _bucket, _sum or _count.
    suffix: str = ""


def write(families: Iterable[Family], samples: Iterable[Sample], *, is_openmetrics: bool) -> str:
    """Write all samples, family by family, in the order of the families. Families without a sample are left out."""
    by_family: dict[str, list[Sample]] = {}
    for sample in samples:
        by_family.setdefault(sample.family, []).append(sample)
    known = [family for family in families if family.name in by_family]
    lines = [line for family in known for line in _family_lines(family, by_family[family.name], is_openmetrics)]
    return "\n".join([*lines, *(["# EOF"] if is_openmetrics else [])]) + "\n"


def _family_lines(family: Family, samples: Iterable[Sample], is_openmetrics: bool) -> Iterator[str]:
    total = "_total" if family.kind == COUNTER else ""
    head = f"{PREFIX}{family.name}{'' if is_openmetrics else total}"
    yield f"# HELP {head} {_escaped(family.help) if is_openmetrics else family.help}"
    yield f"# TYPE {head} {family.kind}"
    for sample in samples:
        labels = ",".join(f'{name}="{_escaped(text)}"' for name, text in sample.labels.items())
        name = f"{PREFIX}{family.name}{total}{sample.suffix}"
        yield f"{name}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}"


def _number(value: float) -> str:
    return "+Inf" if value == inf else f"{value:.15g}"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def accepts_openmetrics(accept: str) -> bool:
    """Tell whether the reader asks for OpenMetrics, as Prometheus does; a browser and curl do not."""
    return OPENMETRICS in accept
