"""Words and colours of readiness: of a policy, of a tenant, and of all tenants together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from db.models import ReadinessReport, Tenant
from db.readiness import reports
from db.states import Level, ReadinessVerdict
from web.verdicts.verdicts import LOOKS

LEVELS: Mapping[ReadinessVerdict, Level] = {
    ReadinessVerdict.BY_ITSELF: Level.GOOD,
    ReadinessVerdict.BY_HAND: Level.ATTENTION,
    ReadinessVerdict.NOT: Level.BAD,
}
VERDICT_WORDS: Mapping[ReadinessVerdict, str] = {
    ReadinessVerdict.BY_ITSELF: "by itself",
    ReadinessVerdict.BY_HAND: "by hand",
    ReadinessVerdict.NOT: "not",
}


def level_of(report: ReadinessReport | None) -> Level:
    share = reports.share_of(report) if report else None
    if share is None:
        return Level.NEUTRAL
    return Level.GOOD if share == 1 else Level.ATTENTION


@dataclass(frozen=True)
class FleetReadiness:
    """An answer: could every tenant that somebody sees be restored? `unjudged`: a sentence on the tenants of
    which that is not known, or "".
    """

    level: Level
    sentence: str
    unjudged: str = ""

    @property
    def look(self) -> str:
        return LOOKS[self.level][0]

    @property
    def icon(self) -> str:
        return LOOKS[self.level][1]


def fleet_readiness(tenants: Sequence[Tenant], found: Mapping[int, ReadinessReport]) -> FleetReadiness:
    """Return what the dashboard's first line says. `found`: tenant id -> its newest report."""
    total, judged = len(tenants), [found[tenant.id] for tenant in tenants if tenant.id in found]
    values = {"total": total, "unjudged": total - len(judged), **_counts(judged)}
    if not values["policies"]:  # all of nothing would read as if everything were well
        return FleetReadiness(Level.NEUTRAL, "Whether they could be restored is not known yet.")
    if values["by_hand"] or values["not"]:
        sentence = "{by_itself} of {policies} policies would come back by themselves."
    else:
        sentence = "All {policies} policies would come back by themselves."
    unjudged = ""
    if values["unjudged"]:
        unjudged = "{unjudged} of {total} tenants are not assessed yet."
    is_good = not (values["by_hand"] or values["not"] or values["unjudged"])
    return FleetReadiness(
        Level.GOOD if is_good else Level.ATTENTION, sentence.format(**values), unjudged.format(**values)
    )


def _counts(judged: Iterable[ReadinessReport]) -> dict[str, int]:
    counts = {str(verdict): 0 for verdict in ReadinessVerdict}
    for report in judged:
        for verdict in counts:
            counts[verdict] += report.counts.get(verdict, 0)
    return {**counts, "policies": sum(counts.values())}
