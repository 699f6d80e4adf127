"""`standards.compare`: works out how a tenant has each item of a standard that it follows. Graph is not asked.

This is no run: the message carries the adoption's id, and the scheduler's sweep sends it for what is due. All of it is
safe to do twice, and at the same time. What could not be read, or not as a whole, is never aligned.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import dramatiq

from actors.queue.broker import broker
from actors.queue.enqueue import send
from actors.queue.queue_names import PRIORITY, UNDER_WAY
from actors.standards import deviations, linking
from actors.standards.cell_places import DifferingPlaces
from actors.standards.tenant_now import DELETED, PolicyNow, TenantNow
from actors.standards.wanted import WantedItems
from db.audit.own_actors import COMPARER
from db.changes import approvals
from db.database import is_unreachable
from db.encryption import SealError
from db.models import StandardAdoption, StandardCell, StandardItem, StandardVersion
from db.policies import snapshots
from db.standards import cells, versions
from db.standards.cells import CellFinding
from db.standards.standard_changes import Deviation
from db.states import CellState
from graph.changes.severity import RuleSetting
from graph.policy_types.policy_type import NONE as NO_ASSIGNMENTS
from graph.policy_types.table import POLICY_TYPES
from graph.restore.desired_content import CONDITIONAL_ACCESS, ENFORCED, REPORTING
from graph.write.write_requests import PolicyContent

logger = logging.getLogger(__name__)

# By which rules an aligned cell was compared: a new number has all of them compared again.
RULES = 1

UNKNOWN_TYPE = "This release of Tenantkeep does not know this policy type."
NOT_OPENED = "A content could not be opened: see the log of the server."
NOT_COMPARED = "It could not be compared: see the log of the server."
ASSIGNMENTS_UNREAD = "Its assignments could not be read."
PART_UNREAD = "A part of it could not be read."
WHICH_ONE = "Say which of the tenant’s policies it is."
LEFT_OUT = "An exception leaves it out."
OWN_VALUES = "Where it differs, an exception allows it."
REPORT_ONLY_YET = "It is report-only, and is still to be switched on."


@dramatiq.actor(broker=broker, actor_name="standards.compare", queue_name=UNDER_WAY, priority=PRIORITY[UNDER_WAY])
def compare_cells(*, adoption_id: int) -> None:
    compare(adoption_id)


def start_due(adoption: StandardAdoption) -> None:
    """Send the message of an adoption that is due; a message that is lost is sent again some minutes later."""
    if cells.hand_over(adoption):
        send(compare_cells, adoption_id=adoption.id)


def compare(adoption_id: int) -> int:
    """Work out all cells of an adoption. Return how many there are."""
    adoption = cells.find_adoption(adoption_id)
    version = (adoption.version or versions.newest(adoption.standard)) if adoption else None
    if adoption is None or version is None:
        return 0
    seen = adoption.due_since
    linking.link(adoption)
    comparison = _Comparison(adoption, version)
    found = deviations.follow_up(adoption, comparison.all(), comparison.deviations, comparison.exceptions)
    comparison.approve(found)
    cells.save(adoption, found, seen)
    return len(found)


class _Comparison:
    """One look at all items of a version in one tenant."""

    def __init__(self, adoption: StandardAdoption, version: StandardVersion) -> None:
        self._adoption, self._version = adoption, version
        self._wanted = WantedItems(adoption, version)
        self._known = cells.of_adoption(adoption)
        targets = {item.key: (item.policy_type, self._wanted.ids.target_of(item)) for item in self._wanted.items}
        self._now = TenantNow(adoption.tenant, targets)
        # Item key -> how its policy differs; none of what is only to be switched on yet.
        self.deviations: dict[str, Deviation] = {}
        self.exceptions = self._wanted.exceptions

    def all(self) -> list[CellFinding]:
        return [self._of(item) for item in self._wanted.items]

    def _of(self, item: StandardItem) -> CellFinding:
        """Whatever is wrong with one item's contents, it is told with what is known, and holds up no other."""
        try:
            return self._find(item)
        except Exception as e:
            if is_unreachable(e):
                raise
            logger.exception(
                "an item of a standard could not be compared", extra={"adoption": self._adoption.id, "item": item.id}
            )
            why = NOT_OPENED if isinstance(e, SealError) else NOT_COMPARED
            return self._finding(item, CellState.NOT_READABLE, why)

    def _finding(self, item: StandardItem, state: CellState, why: str = "", **facts: Any) -> CellFinding:
        exception = self._wanted.exceptions.get(item.key)
        known = self._known.get(item.key)
        facts = {"aligned_mark": known.aligned_mark if known else None, **facts}
        return CellFinding(
            item.key, item.policy_type, item.name, state, why, exception_id=exception.id if exception else None, **facts
        )

    def _find(self, item: StandardItem) -> CellFinding:
        if item.policy_type not in POLICY_TYPES:
            return self._finding(item, CellState.NOT_READABLE, UNKNOWN_TYPE)
        policy = self._now.policy_of(item.key)
        facts: dict[str, Any] = {}
        if policy is not None:
            facts = {"policy_id": policy.id, "snapshot_id": policy.snapshot_id, "change_id": policy.change_id}
        if self._wanted.is_left_out(item):
            return self._finding(item, CellState.EXCEPTED, LEFT_OUT, **facts)
        if policy is None or not policy.is_there:
            return self._absent(item, facts)
        unread = self._now.why_unread(policy)
        if unread is not None:
            return self._finding(item, unread.state, unread.why, **facts)
        return self._compared(item, policy, facts)

    def _absent(self, item: StandardItem, facts: Mapping[str, Any]) -> CellFinding:
        """Return how an item stands that has no policy: it is missing only where all of its type were listed."""
        known = self._known.get(item.key)
        if not facts and known is not None and known.candidates:
            return self._finding(item, CellState.UNSURE, known.why or WHICH_ONE)
        absence = self._now.absence(item.policy_type)
        is_deleted = bool(facts) and absence.state == CellState.MISSING
        return self._finding(item, absence.state, DELETED if is_deleted else absence.why, **facts)

    # --- comparing ---------------------------------------------------------------------------------------------------

    def _compared(self, item: StandardItem, policy: PolicyNow, facts: Mapping[str, Any]) -> CellFinding:
        basis = self._basis(item, policy)
        known = self._known.get(item.key)
        stale = self._now.why_stale(policy)
        if known is not None and known.basis == basis:
            found = self._kept(item, known, facts, basis)
        else:
            found = self._anew(item, policy, facts, basis)
        if stale is not None and found.state in (CellState.ALIGNED, CellState.EXCEPTED):
            return replace(found, state=stale.state, why=stale.why)
        return found

    def _kept(self, item: StandardItem, known: StandardCell, facts: Mapping[str, Any], basis: str) -> CellFinding:
        """Return what an aligned cell was: nothing that it was worked out from has changed."""
        is_excused = bool(known.difference_count)
        state, why = (CellState.EXCEPTED, OWN_VALUES) if is_excused else (CellState.ALIGNED, "")
        places, count = known.places or (), known.difference_count
        return self._finding(item, state, why, basis=basis, places=places, difference_count=count, **facts)

    def _anew(self, item: StandardItem, policy: PolicyNow, facts: Mapping[str, Any], basis: str) -> CellFinding:
        live = snapshots.read_content(policy.content_id)
        wanted = self._wanted.of(item, live)
        want = self._wanted.ids.to_tenant(item, wanted.rendered)
        if not self._version.with_assignments:
            want = {**want, "assignments": None}
        places = DifferingPlaces(POLICY_TYPES[item.policy_type], policy.snapshot, live, want, wanted.own_paths)
        aligned: dict[str, Any] = {"aligned_mark": policy.mark, "basis": basis}
        shown: dict[str, Any] = {"difference_count": len(places.counted), "places": places.shown}
        if places.counted:
            if _is_report_only_yet(item, live, want, places):
                return self._finding(
                    item, CellState.DIFFERS, REPORT_ONLY_YET, **facts, **shown, aligned_mark=policy.mark
                )
            self.deviations[item.key] = deviations.deviation_of(policy, places.counted, want, live, self._severities)
            return self._finding(item, CellState.DIFFERS, **facts, **shown)
        if _lacks_assignments(item, live, want):
            return self._finding(item, CellState.NOT_READABLE, ASSIGNMENTS_UNREAD, **facts)
        if places.has_unread:
            return self._finding(item, CellState.NOT_READABLE, PART_UNREAD, **facts)
        if places.excused:
            excused: dict[str, Any] = {"difference_count": len(places.excused), "places": places.shown_excused}
            return self._finding(item, CellState.EXCEPTED, OWN_VALUES, **facts, **excused, **aligned)
        return self._finding(item, CellState.ALIGNED, **facts, **aligned)

    def _basis(self, item: StandardItem, policy: PolicyNow) -> str:
        exception = self._wanted.exceptions.get(item.key)
        text = json.dumps(
            [
                self._common,
                item.content_id,
                policy.id,
                policy.content_id,
                [exception.id, exception.kind, exception.paths] if exception else None,
            ]
        )
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def _common(self) -> list[Any]:
        """Return what all cells were worked out from."""
        targets = sorted((*key, target) for key, target in self._wanted.ids.targets.items())
        version = self._version
        return [RULES, version.parameters, version.with_assignments, self._adoption.values, targets]

    # --- what an aligned cell means ----------------------------------------------------------------------------------

    @cached_property
    def _severities(self) -> list[RuleSetting]:
        return deviations.current_rules()

    def approve(self, found: Sequence[CellFinding]) -> None:
        """Approve what is newly as the standard wants it: what differs from it later is an open change."""
        fresh = [finding for finding in found if finding.basis and self._is_news(finding)]
        snapshot_ids = [finding.snapshot_id for finding in fresh if finding.snapshot_id is not None]
        if snapshot_ids:
            what = f"Standard {self._version.standard.name}, version {self._version.number}"
            approvals.approve_snapshots(self._adoption.tenant, snapshot_ids, (), COMPARER, what, what)

    def _is_news(self, finding: CellFinding) -> bool:
        known = self._known.get(finding.item_key)
        return known is None or known.aligned_mark != finding.aligned_mark or known.basis is None


def _is_report_only_yet(item: StandardItem, live: PolicyContent, want: PolicyContent, places: DifferingPlaces) -> bool:
    """Tell whether a policy differs only by not being switched on yet: a second roll-out does that."""
    states = live["body"].get("state"), want["body"].get("state")
    is_so = item.policy_type == CONDITIONAL_ACCESS and states == (REPORTING, ENFORCED)
    return is_so and all(place.path == ("body", "state") for place in places.counted) and not places.has_unread


def _lacks_assignments(item: StandardItem, live: PolicyContent, want: PolicyContent) -> bool:
    has_some = POLICY_TYPES[item.policy_type].assignments != NO_ASSIGNMENTS
    return has_some and want.get("assignments") is not None and live.get("assignments") is None
