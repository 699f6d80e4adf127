"""The forms of a change's page: what they do, and what they say when it is too late."""

from datetime import datetime

import pytest

from db.audit.audit import SYSTEM
from db.changes import approvals
from db.errors import Invalid
from db.models import ApprovedPolicy, Change, Policy, Restore, RestoreItem, Run
from db.states import RunKind
from tests.support.changed_policies import become, newest, seen, states
from tests.support.forms import csrf_token
from web.views.changes.decide import parse_until


@pytest.fixture
def policy(cast):
    row = Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))
    seen(row, "right")
    approvals.approve_policies(cast.contoso, [row.id], SYSTEM)
    return row


def post(client, change, act, **data):
    sent = {"csrf_token": csrf_token(client, "/account/"), "back": f"/changes/{change.id}", **data}
    return client.post(f"/changes/{change.id}/{act}", data=sent)


def shown(client, answer):
    return client.get(answer.headers["Location"]).get_data(as_text=True)


def test_a_change_is_accepted_opened_and_approved_from_its_page(client, sign_in, cast, policy):
    change = become(policy, "wrong")
    sign_in(client, cast.max)
    assert "Accept it for a while" in client.get(f"/changes/{change.id}").get_data(as_text=True)
    assert "Say why it may be so" in shown(client, post(client, change, "accept", reason=" "))
    page = shown(client, post(client, change, "accept", reason="A pilot", until="2099-01-31"))
    assert "Accepted." in page
    row = Change.get_by_id(change.id)
    assert (row.state, row.until, row.decided_by_id) == ("accepted", datetime(2099, 1, 31, 23, 59, 59), cast.max.id)
    post(client, change, "reopen")
    assert states(policy) == ["open"]
    assert "somebody decided about it meanwhile" in shown(client, post(client, change, "reopen"))
    post(client, change, "approve")
    assert states(policy) == ["approved"]


def test_put_back_is_one_press_to_the_page_of_a_prepared_restore(client, sign_in, cast, policy):
    right = newest(policy)
    change = become(policy, "wrong")
    answer = post(sign_in(client, cast.ada), change, "put-back")
    restore = Restore.get()
    assert answer.headers["Location"] == f"/restores/{restore.id}"
    assert RestoreItem.get().snapshot_id == right.id
    assert Run.get(Run.restore_id == restore.id).kind == RunKind.PREVIEW
    assert f"/restores/{restore.id}" in client.get(f"/changes/{change.id}").get_data(as_text=True)


def test_what_was_added_says_what_is_possible_and_prepares_nothing(client, sign_in, cast, policy):
    approvals.approve_scope(cast.contoso, approvals.WHOLE_TENANT, SYSTEM)
    added = Policy.create(tenant=cast.contoso, policy_type=policy.policy_type, graph_id="new", name="New")
    change = become(added, "new")
    sign_in(client, cast.ada)
    assert "Delete it in the tenant" in client.get(f"/changes/{change.id}").get_data(as_text=True)
    assert "Delete it in the tenant" in shown(client, post(client, change, "put-back"))
    assert not Restore.select().exists()


def test_a_form_leads_back_to_our_own_pages_alone(client, sign_in, cast, policy):
    change = become(policy, "wrong")
    answer = post(sign_in(client, cast.max), change, "approve", back="https://evil.example/")
    assert answer.headers["Location"] == f"/policies/{policy.id}"


def test_a_day_is_read_until_its_end():
    assert parse_until(" ") is None
    assert parse_until("2027-01-31") == datetime(2027, 1, 31, 23, 59, 59)
    with pytest.raises(Invalid):
        parse_until("tomorrow")


@pytest.mark.parametrize("reason", ["right\x00 so", "r" * 600], ids=["a NUL", "too long"])
def test_a_reason_that_no_column_takes_is_cut_to_one(client, sign_in, cast, policy, reason):
    change = become(policy, "wrong")
    sign_in(client, cast.max)
    assert post(client, change, "approve", reason=reason).status_code == 303
    assert states(policy) == ["approved"]
    assert "\x00" not in ApprovedPolicy.get().reason
    assert len(ApprovedPolicy.get().reason) <= 500
