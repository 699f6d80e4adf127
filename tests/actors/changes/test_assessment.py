"""What becomes of a change that was seen: its kind, its places, its severity, and what is ignored of it."""

import logging
from datetime import timedelta
from types import SimpleNamespace

import pytest

from actors import scheduler
from actors.changes import assessment
from db.audit.audit import SYSTEM, Actor
from db.changes import assessed, ignored_fields, severity_rules
from db.clock import utcnow
from db.models import Change, Content, Occurrence, Policy, Run
from db.policies import snapshots
from db.runs import runs
from db.states import ChangeKind, ChangeState, RunKind, RunState, Severity
from graph.content.fingerprint import fingerprint
from graph.policy_types.table import POLICY_TYPES

pytestmark = pytest.mark.usefixtures("lock_order")
TYPE = "configurationPolicies"
GROUP = [{"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g"}}]


@pytest.fixture
def seen(cast):
    """A policy of Contoso, and `read(…)`: what a capture of it saves."""
    policy = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id).first()
    run = runs.start(tenant=cast.contoso, kind=RunKind.LOOK, dedupe_key="k", items=[], actor=SYSTEM).run

    def read(assignments=(), proof=None, **body):
        assigned = None if assignments is None else list(assignments)
        content = {"body": {"name": "P", "description": "", **body}, "assignments": assigned}
        draft = snapshots.SnapshotDraft.of(
            policy,
            content,
            fingerprint(POLICY_TYPES[TYPE], content),
            read_at=utcnow(),
            assignments_mark="a",
            name="P",
            modified_at=None,
            proof=proof or {},
            references={},
        )
        return snapshots.save(run, [draft])[policy.id]

    return SimpleNamespace(policy=policy, run=run, read=read, tenant=cast.contoso, cast=cast)


def only():
    [change] = Change.select()
    return change


def test_a_change_is_told_with_its_places_its_severity_and_once(seen):
    seen.read()
    seen.read(GROUP, platforms="macOS")
    assert assessment.assess(seen.tenant.id) == 1
    assert assessment.assess(seen.tenant.id) == 0
    change = only()
    assert (change.kind, change.state, change.severity) == (ChangeKind.CHANGED, ChangeState.RECORDED, Severity.MEDIUM)
    assert change.rules == ["assignments", "settings"]
    assert [(one["path"], one["how"]) for one in change.differences] == [
        ("body/platforms", "added"),
        ("assignments/groupAssignmentTarget g", "added"),
    ]
    [occurrence] = Occurrence.select()
    assert (occurrence.key, occurrence.change_id, occurrence.severity) == (f"change:{change.id}", change.id, "medium")


def test_only_assignments_are_a_kind_of_their_own(seen):
    seen.read()
    seen.read(GROUP)
    assessment.assess(seen.tenant.id)
    assert only().kind == ChangeKind.ASSIGNMENTS_CHANGED


def test_assignments_that_were_not_read_one_night_are_no_change_then_nor_the_next(seen):
    for assignments in (GROUP, None, GROUP):
        seen.read(assignments)
        assessment.assess(seen.tenant.id)
    assert Change.select().count() == Occurrence.select().count() == 0
    seen.read([])
    assessment.assess(seen.tenant.id)
    assert only().kind == ChangeKind.ASSIGNMENTS_CHANGED


def test_what_a_crash_left_is_found_by_the_sweep_and_a_run_under_way_is_left_its_own(seen):
    seen.read()
    seen.read(platforms="macOS")
    Change.update(seen_at=utcnow() - timedelta(minutes=2)).execute()
    scheduler.sweep()
    assert only().assessed_at
    Change.delete().execute()
    Change.create(tenant=seen.tenant, policy=seen.policy, kind=ChangeKind.ADDED, run=seen.run,
                  seen_at=utcnow() - timedelta(minutes=2))  # fmt: skip
    assert assessment.assess(seen.tenant.id) == 0
    Run.update(state=RunState.FAILED).execute()
    scheduler.sweep()
    assert (only().severity, only().rules) == ("medium", ["added"])


def test_a_list_alone_is_assessed_again_and_told_again_if_it_is_graver_than_it_seemed(seen):
    change = Change.create(tenant=seen.tenant, policy=seen.policy, kind=ChangeKind.ADDED, run=seen.run)
    Policy.update(assignments_mark=None).execute()
    assert assessment.assess_of_run(seen.run) == 1
    seen.read([{"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}])
    assert only().assessed_at is None
    assessment.assess(seen.tenant.id)
    assert (only().id, only().severity) == (change.id, Severity.HIGH)
    keys = [row.key for row in Occurrence.select().order_by(Occurrence.id)]
    assert keys == [f"change:{change.id}", f"change:{change.id}:high"]


def test_a_content_that_cannot_be_opened_is_told_as_that_and_holds_up_no_other(seen, caplog):
    seen.read()
    seen.read(platforms="macOS")
    seen.read(platforms="android")
    first = Change.select().order_by(Change.id).first()
    Content.update(sealed=b"broken").where(Content.id == first.before.content_id).execute()
    with caplog.at_level(logging.CRITICAL):
        assert assessment.assess(seen.tenant.id) == 2
    first, second = Change.select().order_by(Change.id)
    assert (first.rules, first.severity, first.difference_count) == (["unopened"], "medium", 0)
    assert first.differences == [assessment.UNOPENED]
    assert second.rules == ["settings"]


def test_two_that_assess_at_once_save_one(seen):
    seen.read()
    seen.read(platforms="macOS")
    [change] = assessed.unassessed(seen.tenant.id, 10)
    found = assessment._find(change, assessment._Rules.of_tenant(seen.tenant.id))
    assert assessed.save(change, found)
    assert not assessed.save(change, found)


def test_an_ignored_field_is_no_change_until_it_counts_again(seen):
    root = seen.cast.root
    seen.read()
    seen.read(platforms="macOS")
    assessment.assess(seen.tenant.id)
    [place] = only().differences
    actor = Actor.person(root, None)
    field = ignored_fields.add(seen.tenant, TYPE, place["path"], actor)
    assessment.assess(seen.tenant.id)
    assert (only().state, only().difference_count) == (ChangeState.IGNORED, 0)
    seen.read(platforms="android")
    assessment.assess(seen.tenant.id)
    assert [row.state for row in Change.select()] == [ChangeState.IGNORED] * 2
    assert Occurrence.select().count() == 1, "the second is told to nobody"
    assert ignored_fields.remove(field, actor)
    assessment.assess(seen.tenant.id)
    assert [(row.state, row.difference_count) for row in Change.select()] == [(ChangeState.RECORDED, 1)] * 2
    assert Occurrence.select().count() == 1, "and is listed, not told, when the field counts again"


def test_a_field_is_ignored_everywhere(seen):
    ignored_fields.add(None, TYPE, "body/platforms", SYSTEM)
    seen.read()
    seen.read(platforms="macOS")
    assessment.assess(seen.tenant.id)
    assert only().state == ChangeState.IGNORED


def test_a_rule_that_is_off_says_nothing_and_an_own_one_does(seen):
    actor = Actor.person(seen.cast.root, None)
    severity_rules.set_built_in("settings", Severity.LOW, actor, is_active=False)
    own = severity_rules.add_own(TYPE, "platforms", Severity.HIGH, actor)
    seen.read()
    seen.read(platforms="macOS")
    assessment.assess(seen.tenant.id)
    assert (only().severity, only().rules) == (Severity.HIGH, [own.name])
