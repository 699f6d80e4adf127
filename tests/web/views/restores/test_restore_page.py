"""The page of a restore as its reader meets it: what comes first, what is offered, and what is not."""

import re

import pytest

from db.models import Restore, RestoreItem, Run, RunItem
from db.restores import restore_drafts, restore_items
from tests.support.forms import csrf_token
from tests.support.restore_steps import as_previewed, options, person

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("quick", "lock_order"),
]
GONE_WRONG = {
    "conflict": ("update", None, "conflict"),
    "blocked": ("blocked", "unresolved", None),
    "held back": ("update", "guard", "blocked"),
}
NOTHING_LEFT = {
    "built in": ("blocked", "built_in", None),
    "cannot be restored by anybody": ("blocked", "not_restorable", None),
    "a group that stays": ("blocked", "group_stays", None),
    "left as it is": ("exists", "exists", None),
    "matches": ("matches", None, None),
}


@pytest.fixture
def draft(cast, captured):
    """Asked for by Ada, who operates Contoso: two policies."""
    snapshots = [snapshot for policy, _, snapshot in captured if policy.tenant == cast.contoso]
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "two snapshots")
    return restore_drafts.create(
        cast.contoso, source, restore_drafts.new_items_from_snapshots(snapshots), options(), person(cast.ada.id)
    )


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.get_data(as_text=True)


def send(client, path, **data):
    return client.post(path, data={"csrf_token": csrf_token(client, "/"), **data})


def planned(draft, *plans):
    """As if a preview had decided so: for each item (action, reason, columns of it)."""
    for item, (action, reason, columns) in zip(restore_items.items(draft), plans, strict=True):
        RestoreItem.update(action=action, reason=reason, **columns).where(RestoreItem.id == item.id).execute()
    return as_previewed(draft)


def ended(draft, cast, *plans):
    """(restore, live run) as if it had ended: for each item (action, reason, outcome)."""
    restore = planned(draft, *((action, reason, {"outcome": outcome}) for action, reason, outcome in plans))
    run = Run.create(tenant=cast.contoso, kind="restore.live", state="partial", restore_id=restore.id,
                     dedupe_key="x", failed=1, total=len(plans))  # fmt: skip
    for item in restore_items.items(restore):
        outcome = item.outcome or item.action
        is_bad = outcome == "conflict"
        RunItem.create(run=run, restore_item_id=item.id, policy_type=item.policy_type, name=item.name,
                       state="failed" if is_bad else "done", outcome=outcome)  # fmt: skip
    Restore.update(state="finished").where(Restore.id == restore.id).execute()
    return Restore.get_by_id(restore.id), run


@pytest.mark.parametrize("left", GONE_WRONG)
@pytest.mark.parametrize("beside", [*NOTHING_LEFT, "updated"])
def test_where_a_retry_cannot_help_a_new_restore_of_what_it_can_do_is_offered(
    client, sign_in, cast, draft, left, beside
):
    restore, run = ended(draft, cast, GONE_WRONG[left], NOTHING_LEFT.get(beside, ("update", None, "updated")))
    item = restore_items.items(restore)[0]
    sign_in(client, cast.max)
    for path in (f"/runs/{run.id}", f"/restores/{restore.id}"):
        page = text(client, path)
        assert "New restore for the 1 not restored" in page, path
        assert "Retry failed" not in page, path
    assert send(client, f"/restores/{restore.id}/again").status_code == 303
    again = Restore.select().order_by(Restore.id.desc()).get()
    assert [one.graph_id for one in restore_items.items(again)] == [item.graph_id]


@pytest.mark.parametrize("one", NOTHING_LEFT)
@pytest.mark.parametrize("other", [*NOTHING_LEFT, "updated"])
def test_where_nothing_is_left_that_anybody_could_do_nothing_is_offered(client, sign_in, cast, draft, one, other):
    restore, run = ended(draft, cast, NOTHING_LEFT[one], NOTHING_LEFT.get(other, ("update", None, "updated")))
    sign_in(client, cast.max)
    for path in (f"/runs/{run.id}", f"/restores/{restore.id}"):
        page = text(client, path)
        assert not re.search(f"/restores/{restore.id}/again|/runs/{run.id}/retry-failed", page), path
    answer = send(client, f"/restores/{restore.id}/again")
    assert (answer.status_code, "Nothing is left of this restore" in answer.get_data(as_text=True)) == (400, True)
