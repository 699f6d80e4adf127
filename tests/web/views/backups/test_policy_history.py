"""A policy's page: one history over deletion and creation, and who did what in it."""

import re

import pytest

from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.models import Change, Mapping, Policy, Run
from db.policies import lives, policies, snapshots
from db.restores import mappings
from tests.support.captures import capture_by_hand
from tests.support.changes import record_change, record_event

TYPE = "configurationPolicies"


@pytest.fixture
def create_again(cast):
    """create_again(policy): it is deleted, and a restore creates it again; returns the new one, captured."""

    def act(policy, graph_id, source=None):
        policies.mark_gone(policy)
        new = policies.get_or_create(cast.contoso, TYPE, graph_id, policy.name, None)
        mappings.remember(cast.contoso, cast.contoso.directory_id, (TYPE, (source or policy).graph_id), graph_id, "n")
        capture_by_hand(new, Actor.person(cast.max, None), {"name": policy.name, "settings": [], "pin": graph_id})
        return Policy.get_by_id(new.id)

    return act


def page_of(client, policy):
    return client.get(f"/policies/{policy.id}").get_data(as_text=True)


def shown_snapshots(page):
    return re.findall(r'class="number">snapshot&nbsp;(\d+)<', page)


def test_what_was_created_again_goes_on_with_the_history_of_what_was_deleted(
    client, sign_in, cast, captured, create_again
):
    first = captured[0][0]
    second = create_again(first, "second")
    third = create_again(second, "third", source=first)
    sign_in(client, cast.ada)
    page = page_of(client, third)
    assert shown_snapshots(page) == ["6", "5", "1"], "all three lives, the newest first"
    assert " ".join(page.split()).count("created again by a restore") == 2
    assert f'href="/policies/{third.id}"' in page_of(client, first), "what was deleted leads to what lives"
    assert "history goes on at" in " ".join(page_of(client, first).split())
    assert shown_snapshots(page_of(client, second)) == ["5"], "its own, for the first was created again once more"
    listed = client.get("/policies/?tenant=all").get_data(as_text=True)
    assert f'href="/policies/{third.id}"' in listed
    assert f'href="/policies/{first.id}"' not in listed
    assert f'href="/policies/{second.id}"' not in listed


def test_beside_a_version_stand_who_made_it_and_the_change(client, sign_in, cast, captured):
    policy, _, first = captured[0]
    newest = capture_by_hand(Policy.get_by_id(policy.id), SYSTEM, {"name": policy.name, "description": "x"})[1]
    Change.delete().execute()
    record_event(policy, "anna@contoso.example")
    change = record_change(policy, before=first, after=newest)
    versions = page_of(client=sign_in(client, cast.rita), policy=policy).partition('id="snapshots"')[2]
    version = versions.partition(f"snapshot&nbsp;{newest.id}<")[2].partition("snapshot&nbsp;")[0]
    assert "anna@<wbr>contoso.example" in version
    assert f'href="/changes/{change.id}"' in version
    assert "/changes/" not in versions.partition(f"snapshot&nbsp;{first.id}<")[2].partition("</ol>")[0]


def test_only_what_a_restore_recorded_is_the_same_policy(cast, captured):
    first, other = captured[0][0], captured[1][0]
    policies.mark_gone(first)
    assert lives.of_policy(other) == lives.Lives([], []), "however alike their names"
    mappings.remember(cast.contoso, cast.contoso.directory_id, (TYPE, first.graph_id), other.graph_id, "n")
    assert lives.of_policy(Policy.get_by_id(first.id)).later == [other]
    Mapping.update(set_by=cast.max).execute()
    assert lives.of_policy(other).earlier == [], "what a person maps is no history"


def test_runs_that_touched_the_policy_are_listed_whatever_their_kind(client, sign_in, cast, captured):
    policy, run, _ = captured[0]
    Run.update(policy=None, kind="restore.live").where(Run.id == run.id).execute()
    page = page_of(sign_in(client, cast.ada), policy)
    assert f'href="/runs/{run.id}"' in page.partition('id="runs"')[2]


def test_a_capture_says_when_the_tenant_changed_it(cast, captured):
    policy, now = captured[0][0], utcnow()
    draft = snapshots.SnapshotDraft.of(
        policy, {"body": {}, "assignments": None}, "f" * 64, read_at=now, assignments_mark="", name="n",
        modified_at=now, proof={}, references={},
    )  # fmt: skip
    snapshots.save(captured[0][1], [draft])
    assert Policy.get_by_id(policy.id).modified_at == now
    assert Policy.get_by_id(captured[1][0].id).modified_at is None
