"""Changes after a comparison with a standard: open ones of what differs, and none of what is as wanted.

Called with all cells of a tenant, before they are saved. Safe to do twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from actors.changes import assessment
from actors.standards.tenant_now import PolicyNow
from db.changes import severity_rules
from db.models import StandardAdoption, StandardException
from db.standards import standard_changes
from db.standards.cells import CellFinding
from db.standards.standard_changes import Deviation
from db.states import CellState, ChangeKind, Severity
from graph.changes import severity
from graph.changes.differences import ChangedPlace
from graph.changes.severity import ChangeFacts, RuleSetting
from graph.content.fingerprint import fingerprint
from graph.policy_types.table import POLICY_TYPES
from graph.write.write_requests import PolicyContent

# So many are kept of one change, as of any other.
MOST_DIFFERENCES = 100
_OPPOSITE = {"added": "removed", "removed": "added"}


def current_rules() -> list[RuleSetting]:
    """Return the rules that say how grave a difference is, as they are set now."""
    names = ("name", "severity", "is_active", "policy_type", "path")
    return [RuleSetting(**{name: getattr(row, name) for name in names}) for row in severity_rules.all_set()]


def deviation_of(
    policy: PolicyNow,
    places: Sequence[ChangedPlace],
    want: PolicyContent,
    live: PolicyContent,
    rules: Sequence[RuleSetting],
) -> Deviation:
    """Return how a policy differs, and how grave that is. `places` read from the tenant to the standard, as a plan's.

    Both contents have the tenant's ids.
    """
    policy_type = POLICY_TYPES[policy.policy.policy_type]
    turned = [replace(place, how=_OPPOSITE.get(place.how, place.how)) for place in places]
    graveness = severity.assess(ChangeFacts(policy_type, str(ChangeKind.CHANGED), turned, want, live), rules)
    return Deviation(
        policy_id=policy.id,
        snapshot_id=policy.snapshot_id,
        wanted_mark=fingerprint(policy_type, want),
        severity=Severity(graveness.severity),
        rules=graveness.rules,
        differences=[place.as_json() for place in turned[:MOST_DIFFERENCES]],
        count=len(turned),
    )


def follow_up(
    adoption: StandardAdoption,
    found: Sequence[CellFinding],
    deviations: Mapping[str, Deviation],
    exceptions: Mapping[str, StandardException],
) -> list[CellFinding]:
    """Open, accept and close changes as the cells are now, and return the cells with them.

    `deviations`: item key -> how it differs. `exceptions`: those in force, by item key.
    """
    standard_changes.close_aligned(
        [finding.policy_id for finding in found if finding.policy_id and _is_as_wanted(finding, deviations)]
    )
    standard_changes.accept_excepted(adoption, dict(_excepted(found, exceptions)))
    if deviations:
        # What somebody was seen to change is a change of its own, and stands for these.
        assessment.assess(adoption.tenant_id)
    changes = standard_changes.keep_open(adoption, list(deviations.values()))
    return [
        replace(finding, change_id=changes.get(finding.policy_id or 0, finding.change_id))
        if finding.state == CellState.DIFFERS
        else finding
        for finding in found
    ]


def _is_as_wanted(finding: CellFinding, deviations: Mapping[str, Deviation]) -> bool:
    """Tell whether nothing is to be decided: it is aligned, or only to be switched on by a later roll-out."""
    is_to_be_switched_on = finding.state == CellState.DIFFERS and finding.item_key not in deviations
    return finding.state == CellState.ALIGNED or is_to_be_switched_on


def _excepted(
    found: Iterable[CellFinding], exceptions: Mapping[str, StandardException]
) -> Iterable[tuple[int, StandardException]]:
    for finding in found:
        if finding.state == CellState.EXCEPTED and finding.policy_id and finding.item_key in exceptions:
            yield finding.policy_id, exceptions[finding.item_key]
