"""Words and colours of readiness: of a policy, of a tenant, and of all tenants together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from db.clock import utcnow
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


def level_now(report: ReadinessReport | None) -> Level:
    """Return the level of a tenant's newest report: an old one is no good news, whatever it says."""
    level = level_of(report)
    return Level.ATTENTION if level == Level.GOOD and report and reports.is_old(report, utcnow()) else level


@dataclass(frozen=True)
class FleetReadiness:
    """An answer: could every tenant that somebody sees be restored? `unsure`: sentences on the tenants of which that is
    not known, or not any more.
    """

    level: Level
    sentence: str
    unsure: Sequence[str] = ()

    @property
    def look(self) -> str:
        return LOOKS[self.level][0]

    @property
    def icon(self) -> str:
        return LOOKS[self.level][1]


def fleet_readiness(tenants: Sequence[Tenant], found: Mapping[int, ReadinessReport]) -> FleetReadiness:
    """Return what the dashboard's first line says. `found`: tenant id -> its newest report."""
    judged, now = [found[tenant.id] for tenant in tenants if tenant.id in found], utcnow()
    values = {
        "total": len(tenants),
        "unjudged": len(tenants) - len(judged),
        "old": sum(reports.is_old(report, now) for report in judged),
        **_counts(judged),
    }
    if not values["policies"]:  # all of nothing would read as if everything were well
        return FleetReadiness(Level.NEUTRAL, "Whether they could be restored is not known yet.")
    if values["by_hand"] or values["not"]:
        sentence = "{by_itself} of {policies} policies would come back by themselves."
    else:
        sentence = "All {policies} policies would come back by themselves."
    unsure = []
    if values["unjudged"]:
        unsure.append("{unjudged} of {total} tenants are not assessed yet.")
    if values["old"]:
        unsure.append("{old} of {total} tenants were last assessed more than a week ago.")
    is_good = not (values["by_hand"] or values["not"] or unsure)
    return FleetReadiness(
        Level.GOOD if is_good else Level.ATTENTION,
        sentence.format(**values),
        [each.format(**values) for each in unsure],
    )


def _counts(judged: Iterable[ReadinessReport]) -> dict[str, int]:
    counts = {str(verdict): 0 for verdict in ReadinessVerdict}
    for report in judged:
        for verdict in counts:
            counts[verdict] += report.counts.get(verdict, 0)
    return {**counts, "policies": sum(counts.values())}
