"""A tenant that somebody attacked is brought back to a moment as one act, the urgent first, and the act undone."""

import json
import time
from datetime import timedelta

import pytest

import actors.backups.look
from actors.changes import bringing_back
from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.models import Change, Policy, RestoreItem, Run, Snapshot, TenantEvent
from db.restores import restore_items
from db.states import LaterChangeKind, Severity
from graph.content.normalise import normalise
from graph.policy_types.table import POLICY_TYPES
from tests.actors.restores.test_round_trips import back_up, stage
from tests.support.captures import capture_by_hand
from tests.support.changes import record_change, record_event
from tests.support.restore_steps import executed, previewed
from tests.support.simulated_tenant import collection_of, truth_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
__all__ = ["stage"]

CA, COMPLIANCE, CATALOG = "conditionalAccessPolicies", "deviceCompliancePolicies", "configurationPolicies"
LOCATIONS = "namedLocations"
ATTACKED = (CA, LOCATIONS, COMPLIANCE, CATALOG)
INTRUDERS, HIDEOUT = "5f000000-0000-4000-8000-000000000001", "5f000000-0000-4000-8000-000000000002"


def attack(theirs):
    """What an intruder does: protection off, from where they are too, an own policy that locks out, others deleted,
    others changed.
    """
    objects = {key: theirs.objects()[collection_of(POLICY_TYPES[key])] for key in ATTACKED}
    access, now = list(objects[CA].values()), f"{utcnow().isoformat()}Z"
    trusted = next(location for location in objects[LOCATIONS].values() if location.get("isTrusted"))
    theirs.put(collection_of(POLICY_TYPES[LOCATIONS]), {**trusted, "id": HIDEOUT, "displayName": "Intruder's own"})
    let_out = {"includeLocations": ["All"], "excludeLocations": [HIDEOUT]}
    conditions = {**access[2]["conditions"], "locations": let_out}
    theirs.put(collection_of(POLICY_TYPES[CA]), {**access[2], "conditions": conditions, "modifiedDateTime": now})
    theirs.put(collection_of(POLICY_TYPES[CA]), {**access[0], "state": "disabled", "modifiedDateTime": now})
    theirs.delete(collection_of(POLICY_TYPES[CA]), access[1]["id"])
    blocking = json.loads(json.dumps(access[0])) | {"id": INTRUDERS, "displayName": "Intruder's", "state": "enabled"}
    theirs.put(collection_of(POLICY_TYPES[CA]), blocking)
    compliance = list(objects[COMPLIANCE].values())
    theirs.delete(collection_of(POLICY_TYPES[COMPLIANCE]), compliance[0]["id"])
    for item in list(objects[CATALOG].values())[:5]:
        theirs.put(
            collection_of(POLICY_TYPES[CATALOG]),
            {**item, "description": "the intruder was here", "lastModifiedDateTime": now},
        )


def state_of(theirs):
    """(policy type, name) -> its content without what the service makes, of the types that were attacked."""
    collections, found = theirs.objects(), {}
    for key in ATTACKED:
        for graph_id in collections[collection_of(POLICY_TYPES[key])]:
            truth = truth_of(collections, key, graph_id)
            body = truth["body"]
            found[key, body.get("displayName") or body.get("name")] = normalise(POLICY_TYPES[key], truth)
    return found


def test_who_did_harm_is_named_also_where_somebody_changed_it_after_that(cast, captured):
    """Only who changed it last was named, and as gravely as that: `--by` of the intruder left it as it was."""
    now = utcnow().replace(microsecond=0)
    at, early = now - timedelta(hours=6), now - timedelta(hours=10)
    policy = next(row for row, _, _ in captured if row.tenant == cast.contoso)
    Policy.update(first_seen_at=early, last_seen_at=now).execute()
    Snapshot.update(captured_at=early, confirmed_at=early).execute()
    capture_by_hand(Policy.get_by_id(policy.id), SYSTEM, {"name": policy.name, "settings": [], "description": "Ha"})
    Change.delete().execute()
    hours = [now - timedelta(hours=hours) for hours in range(6)]
    record_change(policy, since_at=now - timedelta(hours=8), seen_at=hours[3])
    record_event(policy, "before@contoso.example", at=now - timedelta(hours=7))
    record_event(policy, "intruder@contoso.example", at=hours[4])
    record_change(policy, since_at=hours[3], seen_at=hours[1], severity=Severity.LOW)
    record_event(policy, "admin@contoso.example", at=hours[2])

    [deed] = [deed for deed in bringing_back.find(cast.contoso, at).deeds if deed.policy_id == policy.id]
    assert deed.by == ("admin@contoso.example", "intruder@contoso.example")
    assert (deed.severity, deed.at) == (Severity.HIGH, hours[1])
    restore = bringing_back.draft(bringing_back.find(cast.contoso, at), SYSTEM, by="intruder@contoso.example")
    assert [item.graph_id for item in restore_items.items(restore)] == [policy.graph_id]
    TenantEvent.delete().where(TenantEvent.at >= at).execute()
    [deed] = [deed for deed in bringing_back.find(cast.contoso, at).deeds if deed.policy_id == policy.id]
    assert deed.by == ("before@contoso.example",), "the logs tell of nobody since"


def test_a_tenant_is_brought_back_in_waves_and_the_act_is_undone(stage, worker, ended, quick):
    ours, theirs = stage.connect("Fabrikam")
    unknown = utcnow()
    with pytest.raises(Invalid, match=r"Nothing is known of .* yet"):
        bringing_back.draft(bringing_back.find(ours, unknown), SYSTEM, removes_added=True)
    back_up(ours, ended)
    at, was = utcnow(), state_of(theirs)
    time.sleep(0.1)  # a look that begins at once reaches back for a moment
    attack(theirs)
    attacked = state_of(theirs)
    ended(actors.backups.look.start(ours, SYSTEM).run.id, 120)

    damage = bringing_back.find(ours, at)
    kinds = [(deed.policy_type, deed.kind) for deed in damage.deeds]
    assert kinds.count((CA, LaterChangeKind.NEW)) == kinds.count((LOCATIONS, LaterChangeKind.NEW)) == 1
    assert kinds.count((CATALOG, LaterChangeKind.CHANGED)) == 5
    assert [deed.wave for deed in damage.deeds] == sorted(deed.wave for deed in damage.deeds)
    # What nobody read before is not known to be added since: it is not removed.
    Policy.create(tenant=ours, policy_type="roleScopeTags", graph_id="unread-before", name="Unread before")
    assert bringing_back.find(ours, at).deeds == damage.deeds
    before_all = bringing_back.find(ours, unknown)
    assert {deed.policy_type for deed in before_all.deeds} == {CA, LOCATIONS}, "those that a look saw appear"
    with pytest.raises(Invalid, match=r"before .* UTC\. Choose a later time"):
        bringing_back.draft(before_all, SYSTEM, removes_added=True)
    restore = previewed(bringing_back.draft(damage, SYSTEM, removes_added=True), ended)
    items = restore_items.items(restore)
    assert restore.brought_back_to == at
    assert (items[0].policy_type, items[0].action) == (CA, "remove"), "what keeps people out goes first"
    last_access = max(number for number, item in enumerate(items) if item.policy_type == CA)
    assert last_access < min(number for number, item in enumerate(items) if item.policy_type == COMPLIANCE)
    assert state_of(theirs) == attacked, "a preview writes nothing"

    restore, run = executed(restore, ended, guard_reason="the test wants every policy")
    assert run.state == "succeeded", run.error_message
    assert state_of(theirs) == was
    assert bringing_back.find(ours, at).deeds == []

    undone = previewed(drafts.undo(restore, SYSTEM), ended)
    executed(undone, ended, guard_reason="the test wants every policy")
    assert state_of(theirs) == attacked
    assert not RestoreItem.select().where(RestoreItem.restore == undone, RestoreItem.verified == False).exists()  # noqa: E712
    assert Run.select().where(Run.state == "failed").count() == 0
