"""The verdict of the installation: is everyone backed up? What is not so is counted, each count with its list."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from db.states import Level, Standing
from db.tenants.backup_health import TenantHealth
from web.verdicts.verdicts import LEVELS, LOOKS, Help, help_at

# Standing -> what is said of one tenant of so many, and of more of them.
COUNTED = {
    Standing.DISCONNECTED: ("{count} of {total} is not connected", "{count} of {total} are not connected"),
    Standing.NEVER: ("{count} of {total} was never fully backed up", "{count} of {total} were never fully backed up"),
    Standing.LATE: ("{count} of {total} is late", "{count} of {total} are late"),
    Standing.INCOMPLETE: ("{count} newest backup is incomplete", "{count} newest backups are incomplete"),
    Standing.UNPERMITTED: (
        "{count} of {total} is missing policy types",
        "{count} of {total} are missing policy types",
    ),
    Standing.UNSCHEDULED: ("{count} of {total} has no schedule", "{count} of {total} have no schedule"),
    Standing.UNGUARDED: (
        "{count} of {total} names no emergency accounts",
        "{count} of {total} name no emergency accounts",
    ),
}


@dataclass(frozen=True)
class Count:
    """The number of tenants of which one thing is found, in words, with the list of them."""

    standing: Standing
    number: int
    sentence: str

    @property
    def look(self) -> str:
        return LOOKS[LEVELS[self.standing]][0]

    @property
    def help(self) -> Help:
        return help_at(self.sentence, "tenant_list.index_view", standing=str(self.standing))


@dataclass(frozen=True)
class InstallationVerdict:
    """`sentence` is said where there is nothing to count."""

    level: Level
    sentence: str
    counts: list[Count]

    @property
    def look(self) -> str:
        return LOOKS[self.level][0]

    @property
    def icon(self) -> str:
        return LOOKS[self.level][1]


def installation_verdict(healths: Sequence[TenantHealth]) -> InstallationVerdict:
    total = len(healths)
    if not total:
        return InstallationVerdict(Level.NEUTRAL, "There is no tenant to back up.", [])
    found = Counter(finding.standing for health in healths for finding in health.findings)
    counts = [
        Count(standing, found[standing], _said(standing, found[standing], total))
        for standing in Standing
        if found[standing]
    ]
    if not counts:
        sentence = "The tenant is backed up." if total == 1 else f"All {total} tenants are backed up."
        return InstallationVerdict(Level.GOOD, sentence, [])
    is_bad = any(LEVELS[count.standing] == Level.BAD for count in counts)
    return InstallationVerdict(Level.BAD if is_bad else Level.ATTENTION, "", counts)


def _said(standing: Standing, count: int, total: int) -> str:
    one, more = COUNTED[standing]
    return (one if count == 1 else more).format(count=count, total=total)
