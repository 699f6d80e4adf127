"""A content that does not open any more costs its own item, whenever a live run meets it, and is opened once."""

import pytest

from actors.plans import plan_items
from actors.restores import live_restore, outcomes
from actors.restores.live_contents import LiveContents
from db.audit.audit import SYSTEM
from db.models import Content, Policy, Restore, Run
from db.restores import restore_drafts, restore_items
from db.restores.restore_drafts import RestoreSource
from db.runs import run_progress
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import executed, items_of, options, previewed, undone
from tests.support.simulated_tenant import catalog_policy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
CATALOG = "deviceManagement/configurationPolicies"


@pytest.fixture
def restore(contoso, cast, app, worker, quick, lock_order, ended):
    """A previewed restore that describes two policies anew."""
    named = Policy.select().where((Policy.tenant == cast.contoso) & (Policy.policy_type == "configurationPolicies"))
    snapshots = [
        capture_by_hand(policy, SYSTEM, {**catalog_policy(policy.graph_id, policy.name), "description": "old"}, ())[1]
        for policy in list(named.order_by(Policy.id).limit(2))
    ]
    items = restore_drafts.new_items_from_snapshots(snapshots)
    source = RestoreSource(cast.contoso.directory_id, cast.contoso.name)
    return previewed(restore_drafts.create(cast.contoso, source, items, options(), SYSTEM), ended)


def damage(*content_ids):
    Content.update(sealed=b"\x01 changed in the database").where(Content.id << content_ids).execute()


@pytest.mark.parametrize(
    ("fault", "column", "end"),
    [
        ({"kind": "status", "status": 503}, "content_id", ("skipped", "blocked")),
        ({"kind": "lost", "status": 504}, "content_id", ("uncertain", "unknown")),
        # What was there tells a half-done write from somebody else's change.
        ({"kind": "lost", "status": 504}, "live_content_id", ("uncertain", "unknown")),
    ],
    ids=["nothing written", "an answer lost", "what was there"],
)
def test_what_is_damaged_after_a_try_costs_its_own_policy(restore, contoso, ended, monkeypatch, fault, column, end):
    monkeypatch.setattr(outcomes, "LOOK_AGAIN_SECONDS", 6.0)
    tried, other = restore_items.items(restore)
    contoso.fault(path=tried.graph_id, **fault)
    run = live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="ticket").run
    servers.wait_for(lambda: run_progress.waiting_reason(Run.get_by_id(run.id)), "The wait for the first policy")
    damage(getattr(tried, column))
    rows = items_of(ended(run.id))
    assert (rows[tried.name].state, rows[tried.name].outcome, rows[tried.name].reason) == (*end, "damaged")
    assert "does not open" in rows[tried.name].message
    assert rows[other.name].outcome == "updated"


def test_a_removal_whose_policy_cannot_be_told_any_more_costs_its_own_policy(restore, contoso, ended):
    for item in restore_items.items(restore):
        contoso.delete(CATALOG, item.graph_id)
    made, _ = executed(previewed(restore, ended), ended)
    undo = previewed(undone(made), ended)
    first, second = restore_items.items(undo)
    damage(first.live_content_id)
    _, run = executed(undo, ended)
    assert items_of(run)[first.name].reason == "damaged"
    assert items_of(run)[second.name].outcome == "removed"


def test_what_was_opened_is_kept_until_its_batch_has_ended(restore):
    item, other = restore_items.items(restore)
    contents = LiveContents(restore)
    assert contents.open(item, is_begun=True) == ""
    assert contents.open(other, is_begun=False) == ""
    damage(item.content_id, item.live_content_id)
    assert contents.desired(item)["body"]["description"] == "old"
    assert contents.before(item)["body"]["id"] == item.graph_id
    contents.forget([item])
    assert contents.open(item, is_begun=False) == plan_items.why_not_opened(Content.get_by_id(item.content_id))
    assert contents.wanted_state(item) is None, "what asks for the state that was wanted goes on without"
