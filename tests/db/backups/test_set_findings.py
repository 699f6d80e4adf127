"""What a backup found, against the backup of the tenant before it."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.backups import manifests, set_findings
from db.clock import utcnow
from db.models import BackupSet, Policy
from db.policies import policies
from tests.support.captures import capture_by_hand

TYPE = "configurationPolicies"


@pytest.fixture
def listed(cast):
    """listed(*names): the tenant has just these now; what it had before is gone."""

    def act(*names):
        rows = [{"graph_id": f"graph {name}", "name": name, "odata_type": None, "platform": None, "is_built_in": False,
                 "modified_at": None} for name in names]  # fmt: skip
        policies.record_listing(cast.contoso, TYPE, rows)

    return act


@pytest.fixture
def captured(cast):
    """captured(name, text) -> the id of a new snapshot of the policy."""

    def act(name, text):
        policy = Policy.get((Policy.tenant == cast.contoso) & (Policy.name == name))
        return capture_by_hand(policy, SYSTEM, {"name": name, "description": text, "settings": []})[1].id

    return act


@pytest.fixture
def backed_up(cast):
    def act(*snapshot_ids, minutes_ago=0, **columns):
        at = utcnow() - timedelta(minutes=minutes_ago)
        values = {"selection": {}, "types": {}, "problems": [], "state": "complete", "created_at": at,
                  "completed_at": utcnow(), **columns}  # fmt: skip
        manifest = manifests.save(cast.contoso, snapshot_ids)
        return BackupSet.create(tenant=cast.contoso, manifest=manifest, **values)

    return act


def test_what_changed_is_new_or_deleted_is_told_from_what_stayed_and_what_was_only_not_read(
    listed, captured, backed_up
):
    listed("same", "changed", "deleted", "missed", "lost")
    same, old, deleted, lost = (captured(name, "1") for name in ("same", "changed", "deleted", "lost"))
    # What was known then already, and not read: no new policy.
    Policy.update(first_seen_at=utcnow() - timedelta(minutes=10)).execute()
    before = backed_up(same, old, deleted, lost, minutes_ago=5)
    listed("same", "changed", "missed", "lost", "new")
    now, missed, new = captured("changed", "2"), captured("missed", "1"), captured("new", "1")
    found = set_findings.compare_with_last(backed_up(same, now, missed, new))
    assert found == set_findings.Findings(before, {now: old}, [new], [deleted])


def test_the_first_backup_and_a_set_that_no_backup_made_are_compared_with_nothing(listed, captured, backed_up):
    listed("one")
    first = backed_up(captured("one", "1"))
    assert set_findings.compare_with_last(first).before is None
    assert set_findings.compare_with_last(backed_up(name="Before restore 1")).before is None


def test_a_backup_of_a_part_is_compared_with_the_last_of_the_whole_tenant(listed, captured, backed_up):
    listed("one", "two")
    old, two = captured("one", "1"), captured("two", "1")
    whole = backed_up(old, two)
    backed_up(two, selection={"policies": [2]})
    now = captured("one", "2")
    found = set_findings.compare_with_last(backed_up(now, selection={"policies": [1]}))
    assert found == set_findings.Findings(whole, {now: old})
