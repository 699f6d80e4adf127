"""A year that the demo's tenants have behind them: `python -m web.demo.history SIMULATOR`.

What differs from night to night truly happened: backups and a restore go through the workers like any other, while the
simulator's tenants are changed as somebody in the portal would; then all that is moved into the past. Nights on which
nothing changed are copies of the backup before, as such nights are. At the end somebody has just broken something.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from db.changes import assessed
from db.clock import utcnow
from db.database import database
from db.installation import demo_past
from db.models import Restore, Tenant, User
from db.policies import policies, snapshots
from db.runs.runs import find_run
from db.states import ACTIVE
from db.tenants import schedules, tenants
from web.demo import standard

CONDITIONAL_ACCESS = "identity/conditionalAccess/policies"
CONFIGURATIONS = "deviceManagement/deviceConfigurations"
COMPLIANCE = "deviceManagement/deviceCompliancePolicies"
PHONE_RESTRICTIONS, DEVICE_RESTRICTIONS = "iOS - Restrictions", "WIN - Device restrictions"
FIRST_NIGHT, LAST_NIGHT = timedelta(days=365), timedelta(hours=8)
# Days ago -> who of the tenant did what on that day: (collection, name, new values).
CHANGES: Mapping[int, tuple[str, tuple[tuple[str, str, dict[str, Any]], ...]]] = {
    240: ("jonas.weber", (
        (CONFIGURATIONS, DEVICE_RESTRICTIONS, {"passwordMinimumLength": 12}),
        (COMPLIANCE, "Windows - Baseline", {"osMinimumVersion": "10.0.26100"}),
    )),
    150: ("priya.nair", ((CONFIGURATIONS, "Update ring - Pilot", {"qualityUpdatesDeferralPeriodInDays": 2}),)),
    60: ("anna.berg", (
        (CONFIGURATIONS, DEVICE_RESTRICTIONS, {"passwordMinimumLength": 14}),
        (CONDITIONAL_ACCESS, "CA006 - Step-up for payroll", {"state": "enabled"}),
    )),
}  # fmt: skip
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

    def change(self, who: str, collection: str, name: str, values: Mapping[str, Any], days_ago: float = 0) -> None:
        """Set values. The object tells of so long ago; the audit log of now, which is moved back with what is read."""
        at = f"{self.changed_at - timedelta(days=days_ago):%Y-%m-%dT%H:%M:%SZ}"
        self._act(who, collection, self._find(collection, name)["id"], set=values, modified_at=at)

    def delete(self, who: str, collection: str, name: str) -> None:
        self._act(who, collection, self._find(collection, name)["id"], remove=True)

    def copy(self, who: str, collection: str, name: str, new_id: str, new_name: str) -> None:
        self._act(who, collection, new_id, item={**self._find(collection, name), "displayName": new_name})

    def date_back(self, collection: str, name: str, days_ago: float) -> None:
        """Let the object tell that it was changed so long ago: what was written would be of today."""
        item, at = self._find(collection, name), self.changed_at - timedelta(days=days_ago)
        put = {**item, "lastModifiedDateTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        self._call("PUT", f"objects/{collection}/{item['id']}", put)

    def _find(self, collection: str, name: str) -> dict[str, Any]:
        answer = requests.get(f"{self._address}/objects", params={"collection": collection}, timeout=30)
        items: dict[str, dict[str, Any]] = answer.json()
        return next(item for item in items.values() if item["displayName"] == name)

    def _act(self, who: str, collection: str, object_id: str, **what: Any) -> None:
        domain = f"{self.tenant.name.split()[0].lower()}.example"
        by = {"kind": "person", "name": f"{who}@{domain}", "address": f"203.0.113.{len(who)}"}
        self._call("POST", "changes", {"collection": collection, "id": object_id, "by": by, **what})

    def _call(self, method: str, path: str, item: Mapping[str, Any] | None = None) -> None:
        requests.request(method, f"{self._address}/{path}", json=item, timeout=30).raise_for_status()

    @property
    def _address(self) -> str:
        return f"{self.simulator}/_simulator/tenants/{self.tenant.directory_id}"


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
    if len(portals) > 1:
        _follow_a_standard(portals)
        _break_something(portals[1])


def _live_through_the_year(portals: list[Portal], manager: Actor) -> None:
    """Change something in all but the largest tenant: to read that again and again takes longer than people wait."""
    busy = [portal for portal in portals if _count_policies(portal.tenant) < LARGE]
    last = FIRST_NIGHT.days
    for day, (who, changes) in CHANGES.items():
        _rest(portals, range(last - 1, day, -1))
        last = day
        with _lived_through(busy, timedelta(days=day)):
            for portal in busy:
                for collection, name, values in changes:
                    portal.change(who, collection, name, values, days_ago=day + 0.3)
            _back_up(busy, manager)
    _rest(portals, range(last - 1, MISTAKE_DAYS_AGO, -1))
    with _lived_through(busy, timedelta(days=MISTAKE_DAYS_AGO)):
        for portal in busy:
            _restore_half(portal, manager)
        _back_up(busy, manager)
    _rest(portals, range(MISTAKE_DAYS_AGO - 1, 0, -1))
    with _lived_through(portals, LAST_NIGHT):
        _back_up(portals, manager)


def _count_policies(tenant: Tenant) -> int:
    return sum(count for _type, _state, count, _captured in policies.counts_by_type(tenant))


def _rest(portals: list[Portal], days: range) -> None:
    demo_past.copy_nights([backup_sets.of_tenant(portal.tenant, 1)[0] for portal in portals], days)


@contextmanager
def _lived_through(portals: list[Portal], age: timedelta) -> Iterator[None]:
    """Move into the past what happens within, once it is known of each change what it is."""
    with demo_past.moved_back(age):
        yield
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(assessed.has_unassessed(portal.tenant) for portal in portals) and time.monotonic() < deadline:
            time.sleep(0.1)


def _back_up(portals: list[Portal], manager: Actor) -> None:
    _wait_for([actors.backups.back_up.start(portal.tenant, manager) for portal in portals])


def _restore_half(portal: Portal, manager: Actor) -> None:
    """Three policies are wrong. While they are being put back somebody edits one: it stays as that person left it."""
    good = backup_sets.of_tenant(portal.tenant, 1)[0]
    for collection, name, values in MISTAKES:
        portal.change("tom.fischer", collection, name, values, days_ago=MISTAKE_DAYS_AGO + 0.2)
    names = {name for _, name, _ in MISTAKES}
    of_set = snapshots.load_with_policies(backup_sets.snapshot_ids(good))
    chosen = [snapshot.id for snapshot in of_set if snapshot.name in names]
    options = option_choices.parse_options({"assignments": "exact"}, own_tenant=True)
    restore = drafts.from_backup_set(good, portal.tenant, options, manager, snapshot_ids=chosen)
    _wait_for([actors.plans.preview.start(restore, manager)])
    camera = {"cameraBlocked": True}
    portal.change("lena.hoffmann", CONFIGURATIONS, PHONE_RESTRICTIONS, camera, days_ago=MISTAKE_DAYS_AGO)
    planned = Restore.get_by_id(restore.id)
    _wait_for([actors.restores.live_restore.start(planned, manager, reason="INC-4711: passwords of four digits")])
    for collection, name, _ in MISTAKES:
        portal.date_back(collection, name, days_ago=MISTAKE_DAYS_AGO)


def _follow_a_standard(portals: list[Portal]) -> None:
    """Let two tenants follow a standard, and somebody change a policy of it that is read at once."""
    editor, approver = (Actor.person(User.get(User.email == f"{name}@demo.example"), None) for name in standard.PEOPLE)
    first, second = portals[:2]
    standard.make(first.tenant, second.tenant, editor, approver)
    first.change("tom.fischer", CONFIGURATIONS, standard.DRIFTED, {"qualityUpdatesDeferralPeriodInDays": 21})
    _wait_for(standard.read_drift(first.tenant, editor))
    standard.compare(first.tenant)


def _break_something(portal: Portal) -> None:
    portal.change("anna.berg", CONDITIONAL_ACCESS, "CA001 - Require MFA for all users", {"state": "disabled"})
    portal.change("priya.nair", CONFIGURATIONS, "Update ring - Pilot", {"qualityUpdatesPaused": True})
    portal.delete("tom.fischer", CONFIGURATIONS, "Wi-Fi Office")
    new_id = "5f0c2f4e-7d0b-4c8e-9a6b-0e1f2a3b4c52"
    portal.copy("tom.fischer", CONFIGURATIONS, DEVICE_RESTRICTIONS, new_id, "Test - please ignore")


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
