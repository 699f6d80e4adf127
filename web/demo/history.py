"""A year that the demo's tenants have behind them: `python -m web.demo.history SIMULATOR`.

What differs from night to night truly happened: backups and a restore go through the workers like any other, while the
simulator's tenants are changed as somebody in the portal would; then all that is moved into the past. Nights on which
nothing changed are copies of the backup before, as such nights are. At the end somebody has just broken something.
"""

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import requests

import actors.backups.back_up
import actors.backups.sync
import actors.plans.preview
import actors.restores.live_restore
import config
from actors.plans import drafts, option_choices
from actors.process import startup
from actors.queue.enqueue import EnqueuedRun
from db.audit.audit import Actor
from db.backups import backup_sets
from db.clock import utcnow
from db.database import database
from db.installation import demo_past
from db.models import Restore, Tenant, User
from db.policies import policies, snapshots
from db.runs.runs import find_run
from db.states import ACTIVE
from db.tenants import schedules, tenants

CONDITIONAL_ACCESS = "identity/conditionalAccess/policies"
CONFIGURATIONS = "deviceManagement/deviceConfigurations"
COMPLIANCE = "deviceManagement/deviceCompliancePolicies"
PHONE_RESTRICTIONS, DEVICE_RESTRICTIONS = "iOS - Restrictions", "WIN - Device restrictions"
FIRST_NIGHT, LAST_NIGHT = timedelta(days=365), timedelta(hours=8)
# Days ago -> what an admin of the tenant did on that day: (collection, name, new values).
CHANGES: Mapping[int, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    240: (
        (CONFIGURATIONS, DEVICE_RESTRICTIONS, {"passwordMinimumLength": 10}),
        (COMPLIANCE, "Windows - Baseline", {"osMinimumVersion": "10.0.26100"}),
    ),
    150: ((CONFIGURATIONS, "Update ring - Pilot", {"qualityUpdatesDeferralPeriodInDays": 2}),),
    60: (
        (CONFIGURATIONS, DEVICE_RESTRICTIONS, {"passwordMinimumLength": 14}),
        (CONDITIONAL_ACCESS, "CA006 - Step-up for payroll", {"state": "enabledForReportingButNotEnforced"}),
    ),
}
MISTAKE_DAYS_AGO = 12
MISTAKES = (
    (CONFIGURATIONS, PHONE_RESTRICTIONS, {"passcodeRequired": False}),
    (CONFIGURATIONS, DEVICE_RESTRICTIONS, {"passwordMinimumLength": 4}),
    (CONFIGURATIONS, "Update ring - Broad", {"qualityUpdatesPaused": True}),
)
PATIENCE_SECONDS = 300
LARGE = 500


@dataclass(frozen=True)
class Portal:
    """The simulator's side of one tenant, where somebody changes things past Tenantkeep."""

    simulator: str
    tenant: Tenant
    changed_at: datetime = field(default_factory=utcnow)

    def change(self, collection: str, name: str, values: Mapping[str, Any], days_ago: float = 0) -> None:
        item = self._find(collection, name)
        stamp = f"{self.changed_at - timedelta(days=days_ago):%Y-%m-%dT%H:%M:%SZ}"
        times: dict[str, Any] = {key: stamp for key in ("lastModifiedDateTime", "modifiedDateTime") if key in item}
        self._call("PUT", f"{collection}/{item['id']}", {**item, **values, **times})

    def delete(self, collection: str, name: str) -> None:
        self._call("DELETE", f"{collection}/{self._find(collection, name)['id']}")

    def copy(self, collection: str, name: str, new_id: str, new_name: str) -> None:
        stamp = f"{self.changed_at:%Y-%m-%dT%H:%M:%SZ}"
        item = {**self._find(collection, name), "id": new_id, "displayName": new_name, "lastModifiedDateTime": stamp}
        self._call("PUT", f"{collection}/{new_id}", item)

    def _find(self, collection: str, name: str) -> dict[str, Any]:
        answer = requests.get(self._address, params={"collection": collection}, timeout=30)
        items: dict[str, dict[str, Any]] = answer.json()
        return next(item for item in items.values() if item["displayName"] == name)

    def _call(self, method: str, path: str, item: Mapping[str, Any] | None = None) -> None:
        requests.request(method, f"{self._address}/{path}", json=item, timeout=30).raise_for_status()

    @property
    def _address(self) -> str:
        return f"{self.simulator}/_simulator/tenants/{self.tenant.directory_id}/objects"


def make_history(simulator: str) -> None:
    """Give each tenant its year, unless it has a backup already; then break something in one of them."""
    manager = Actor.person(User.get(User.email == "manager@demo.example"), None)
    portals = [Portal(simulator, tenant) for tenant in tenants.by_name() if not backup_sets.of_tenant(tenant, 1)]
    if not portals:
        return
    with demo_past.moved_back(FIRST_NIGHT):
        _wait_for([actors.backups.sync.start(portal.tenant, manager) for portal in portals])
        _wait_for([actors.backups.back_up.start(portal.tenant, manager, is_full=True) for portal in portals])
    _live_through_the_year(portals, manager)
    for portal in portals[1:]:
        schedules.add(portal.tenant, "0 2 * * *", "Europe/Berlin", manager)
    _break_something(portals[1])


def _live_through_the_year(portals: list[Portal], manager: Actor) -> None:
    """Change something in all but the largest tenant: to read that again and again takes longer than people wait."""
    busy = [portal for portal in portals if _count_policies(portal.tenant) < LARGE]
    last = FIRST_NIGHT.days
    for day, changes in CHANGES.items():
        _rest(portals, range(last - 1, day, -1))
        last = day
        for portal in busy:
            for collection, name, values in changes:
                portal.change(collection, name, values, days_ago=day + 0.3)
        _back_up(busy, manager, timedelta(days=day))
    _rest(portals, range(last - 1, MISTAKE_DAYS_AGO, -1))
    for portal in busy:
        _restore_half(portal, manager)
    _back_up(busy, manager, timedelta(days=MISTAKE_DAYS_AGO))
    _rest(portals, range(MISTAKE_DAYS_AGO - 1, 0, -1))
    _back_up(portals, manager, LAST_NIGHT)


def _count_policies(tenant: Tenant) -> int:
    return sum(count for _type, _state, count, _captured in policies.counts_by_type(tenant))


def _rest(portals: list[Portal], days: range) -> None:
    demo_past.copy_nights([backup_sets.of_tenant(portal.tenant, 1)[0] for portal in portals], days)


def _back_up(portals: list[Portal], manager: Actor, age: timedelta) -> None:
    with demo_past.moved_back(age):
        _wait_for([actors.backups.back_up.start(portal.tenant, manager) for portal in portals])


def _restore_half(portal: Portal, manager: Actor) -> None:
    """Three policies are wrong. While they are being put back somebody edits one: it stays as that person left it."""
    good = backup_sets.of_tenant(portal.tenant, 1)[0]
    for collection, name, values in MISTAKES:
        portal.change(collection, name, values, days_ago=MISTAKE_DAYS_AGO + 0.2)
    names = {name for _, name, _ in MISTAKES}
    of_set = snapshots.load_with_policies(backup_sets.snapshot_ids(good))
    chosen = [snapshot.id for snapshot in of_set if snapshot.name in names]
    options = option_choices.parse_options({"assignments": "exact"}, own_tenant=True)
    with demo_past.moved_back(timedelta(days=MISTAKE_DAYS_AGO)):
        restore = drafts.from_backup_set(good, portal.tenant, options, manager, snapshot_ids=chosen)
        _wait_for([actors.plans.preview.start(restore, manager)])
        portal.change(CONFIGURATIONS, PHONE_RESTRICTIONS, {"cameraBlocked": True}, days_ago=MISTAKE_DAYS_AGO)
        planned = Restore.get_by_id(restore.id)
        _wait_for([actors.restores.live_restore.start(planned, manager, reason="INC-4711: passwords of four digits")])
    for collection, name, _ in MISTAKES:
        portal.change(collection, name, {}, days_ago=MISTAKE_DAYS_AGO)  # else what was written would be of today


def _break_something(portal: Portal) -> None:
    portal.change(CONDITIONAL_ACCESS, "CA001 - Require MFA for all users", {"state": "disabled"})
    portal.change(CONFIGURATIONS, "Update ring - Pilot", {"qualityUpdatesPaused": True})
    portal.delete(CONFIGURATIONS, "Wi-Fi Office")
    new_id = "5f0c2f4e-7d0b-4c8e-9a6b-0e1f2a3b4c52"
    portal.copy(CONFIGURATIONS, DEVICE_RESTRICTIONS, new_id, "Test - please ignore")


def _wait_for(starts: list[EnqueuedRun]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    for start in starts:
        while (run := find_run(start.run.id)) is not None and run.state in ACTIVE:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Run {start.run.id} has not ended in {PATIENCE_SECONDS} s.")
            time.sleep(0.2)


def main() -> int:
    startup.prepare(config.settings())
    with database.connection_context():
        make_history(sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
