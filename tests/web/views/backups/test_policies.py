"""A policy's page: the one act that puts it back, and the list's filter of what changed."""

import re

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Policy, Snapshot
from db.policies import policies
from tests.support.captures import capture_by_hand

PRIMARY = re.compile(r'class="btn btn-primary"[^>]*?(?:href="([^"]*)")?>(.*?)</(?:a|button)>', re.DOTALL)


def primary(client, policy):
    """(address, words) of the page's first act."""
    page = client.get(f"/policies/{policy.id}").get_data(as_text=True)
    address, words = PRIMARY.search(page.partition('id="acts"')[2]).groups()
    return address, " ".join(re.sub(r"<[^>]*>", " ", words).split())


def test_the_first_act_puts_back_the_version_before_the_change_whatever_was_captured_since(
    client, sign_in, cast, captured
):
    policy, _, good = captured[0]
    sign_in(client, cast.ada)
    assert primary(client, policy) == (None, "Capture snapshot")
    capture_by_hand(Policy.get_by_id(policy.id), SYSTEM, {"name": policy.name, "description": "broken"})
    address, words = primary(client, policy)
    assert address == f"/restores/new?snapshot={good.id}"
    assert words.startswith("Restore the version before ")


def test_a_change_that_nobody_captured_is_put_back_from_the_newest_snapshot(client, sign_in, cast, captured):
    policy, _, good = captured[0]
    Policy.update(modified_at=utcnow()).where(Policy.id == policy.id).execute()
    sign_in(client, cast.ada)
    assert primary(client, policy)[0] == f"/restores/new?snapshot={good.id}"
    page = client.get(f"/policies/{policy.id}").get_data(as_text=True)
    assert "(keeps a snapshot)" in page
    assert "Restore newest version" not in page, "it is that one"


def test_a_deleted_policy_is_restored_and_neither_captured_nor_compared(client, sign_in, cast, captured):
    policy, _, good = captured[0]
    policies.mark_gone(policy)
    sign_in(client, cast.ada)
    assert primary(client, policy) == (f"/restores/new?snapshot={good.id}", "Restore it")
    page = client.get(f"/policies/{policy.id}").get_data(as_text=True)
    assert "Capture snapshot" not in page.partition('id="acts"')[2].partition("</div>")[0]
    assert "Compare with the tenant now" not in page
    assert page.count(f'href="/restores/new?snapshot={good.id}"') >= 2, "the note's words are a link"


@pytest.mark.parametrize(("value", "found"), [("changed", "policy 1"), ("new", "Made since"), ("deleted", "policy 2")])
def test_the_list_is_narrowed_to_what_changed(client, sign_in, cast, captured, value, found):
    (changed, _, _), (deleted, _, _) = captured[:2]
    Policy.update(modified_at=utcnow()).where(Policy.id == changed.id).execute()
    policies.mark_gone(deleted)
    policies.get_or_create(cast.contoso, "configurationPolicies", "made", "Made since", None)
    page = sign_in(client, cast.ada).get(f"/policies/?changed={value}").get_data(as_text=True)
    rows = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert found in rows
    assert rows.count("<tr") == 1
    assert Snapshot.select().count() == 4
