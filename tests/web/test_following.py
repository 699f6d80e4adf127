"""A run's page, the widget of every page, and a policy's history."""

import json
import re
from datetime import timedelta

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.models import Content, Membership, Policy, Run, RunItem
from db.runs import claims, completion, notifications, run_history, run_items, runs
from db.runs.run_items import NewRunItem
from db.states import ItemState, Outcome, RunKind, RunState
from tests.support.captures import capture_by_hand
from tests.support.forms import csrf_token


@pytest.fixture
def started(cast):
    """started(*names) -> a backup of Ada's that is under way, with an item of each name."""

    def make(*names, actor=None):
        items = [NewRunItem("configurationPolicies", name) for name in names]
        key = f"key {Run.select().count()}"
        return runs.start(tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key=key, items=items,
                          actor=actor or Actor.person(cast.ada, None)).run  # fmt: skip

    return make


def ended(run, seconds, state=RunState.SUCCEEDED, total=10):
    """As if it had taken that long."""
    now = utcnow()
    Run.update(state=state, total=total, started_at=now - timedelta(seconds=seconds), ended_at=now).where(
        Run.id == run.id
    ).execute()


def test_a_run_takes_what_its_like_usually_took(cast, started):
    for seconds in (10, 20, 90):
        ended(started(), seconds)
    ended(started(), 5, RunState.FAILED)
    ended(started(), 500, total=1000)
    now = started()
    assert run_history.usual_seconds(now, 10) == pytest.approx(20)
    assert run_history.usual_seconds(now, 800) == pytest.approx(500)
    assert run_history.usual_seconds(now, 5000) is None, "nothing of that size was ever done"


def test_a_run_that_takes_long_says_so(client, sign_in, cast, started):
    ended(started(), 20)
    run = started(*"abcdefghij")
    claim = claims.take_claim(run.id, run.kind)
    sign_in(client, cast.ada)
    page = client.get(f"/runs/{run.id}").get_data(as_text=True)
    assert "<dt>Usually</dt><dd>20 s</dd>" in page
    assert 'data-elapsed-since="' in page
    Run.update(started_at=utcnow() - timedelta(seconds=60)).where(Run.id == claim.run.id).execute()
    assert "longer than usual" in client.get(f"/runs/{run.id}").get_data(as_text=True)


def test_items_are_counted_and_shown_by_how_they_ended_the_bad_ones_first(client, sign_in, cast, started):
    run = started("fine", "gone", "broken", "waits")
    claim = claims.take_claim(run.id, run.kind)
    fine, gone, broken, _ = RunItem.select().order_by(RunItem.id)
    run_items.finish_item(claim, fine, ItemState.DONE, Outcome.CAPTURED)
    run_items.finish_item(claim, gone, ItemState.DONE, Outcome.GONE)
    run_items.finish_item(
        claim, broken, ItemState.FAILED, Outcome.ERROR, reason="x", message="Graph said <no>.", request_id="r-1"
    )
    sign_in(client, cast.ada)
    page = client.get(f"/runs/{run.id}").get_data(as_text=True)
    assert 'aria-valuemax="4" aria-valuenow="3"' in page
    assert re.findall(r'outcome=(\w+)#items"[^>]*>([\w ]+)<', page)[1:] == [
        ("captured", "captured 1"), ("gone", "gone 1"), ("failed", "failed 1")]  # fmt: skip
    assert page.index("<td>broken") < page.index("<td>fine")
    assert 'data-copy="broken: Graph said &lt;no&gt;. (request id r-1)"' in page
    shown = client.get(f"/runs/{run.id}?outcome=gone").get_data(as_text=True)
    assert "<td>gone" in shown
    assert "<td>fine" not in shown
    part = client.get(f"/runs/{run.id}/progress?outcome=failed").get_data(as_text=True)
    assert part.lstrip().startswith(f'<div id="progress" data-run="{run.id}" data-progress="/runs/')
    assert "outcome=failed" in part.partition(">")[0], "the script goes on with the same filter"
    completion.fail(claim, "x", "It broke.")
    part = client.get(f"/runs/{run.id}/progress").get_data(as_text=True)
    assert part.lstrip().startswith(f'<div id="progress" data-run="{run.id}" data-ended="Backup of')


def test_very_many_items_are_shown_page_by_page(client, sign_in, cast, started):
    run = started(*(f"policy {n:04}" for n in range(450)))
    sign_in(client, cast.ada)
    first, last = (client.get(f"/runs/{run.id}?outcome=all&page={n}").get_data(as_text=True) for n in (0, 99))
    assert first.count("<td>policy") == 20
    assert last.count("<td>policy") == 10
    assert ("page=1" in first, "441 to 450 of 450" in last) == (True, True)
    found = client.get(f"/runs/{run.id}?search=policy+0449").get_data(as_text=True)
    assert re.findall("<td>(policy [0-9]+)", found) == ["policy 0449"]


def test_of_a_long_run_only_what_changed_or_failed_is_listed_at_first(client, sign_in, cast, started):
    run = started(*(f"policy {n:04}" for n in range(50)))
    claim = claims.take_claim(run.id, run.kind)
    same, changed, failed, *rest = RunItem.select().order_by(RunItem.id)
    sign_in(client, cast.ada)
    assert "Nothing has changed or failed so far." in client.get(f"/runs/{run.id}").get_data(as_text=True)
    for item in (same, *rest):
        run_items.finish_item(claim, item, ItemState.DONE, Outcome.UNCHANGED)
    run_items.finish_item(claim, changed, ItemState.DONE, Outcome.CAPTURED)
    run_items.finish_item(claim, failed, ItemState.FAILED, Outcome.ERROR, reason="x", message="Graph said no.")
    page = client.get(f"/runs/{run.id}").get_data(as_text=True)
    assert re.findall(r"<td>(policy \d+)", page) == [failed.name, changed.name]
    assert "all 50" in page


def test_the_widget_has_ones_own_runs_as_they_go_and_as_they_ended(client, sign_in, cast, started):
    mine = started("a", "b")
    started("c", actor=Actor.person(cast.max, None))
    claim = claims.take_claim(mine.id, mine.kind)
    run_items.finish_item(claim, RunItem.get(RunItem.run == mine), ItemState.DONE, Outcome.CAPTURED)
    sign_in(client, cast.ada)
    part = client.get("/runs/mine").get_data(as_text=True)
    assert re.findall(r'data-run="(\d+)" data-state="(\w+)"', part) == [(str(mine.id), "running")]
    assert "1 of 2" in part
    assert 'data-busy="1"' in part
    assert part.strip() in client.get("/policies/").get_data(as_text=True), "every page has it"
    completion.fail(claim, "x", "It broke.")
    assert "data-run" not in client.get("/runs/mine").get_data(as_text=True)
    part = client.get(f"/runs/mine?also={mine.id},{mine.id + 1},x").get_data(as_text=True)
    assert re.findall(r'data-run="(\d+)" data-state="(\w+)"', part) == [(str(mine.id), "partial")]
    assert 'data-busy="0"' in part


def test_the_widget_asks_little_of_the_database(client, sign_in, cast, started, database, monkeypatch):
    for number in range(8):
        started(f"item {number}")
    sign_in(client, cast.ada)
    asked, execute = [], type(database).execute_sql
    monkeypatch.setattr(type(database), "execute_sql", lambda self, *args: asked.append(args) or execute(self, *args))
    assert client.get("/runs/mine").status_code == 200
    assert len(asked) <= 9, asked
    assert notifications.followed_runs(cast.ada.id).active == 8


def test_who_lost_the_role_in_a_tenant_hears_no_more_of_it(client, sign_in, cast, captured, started):
    run = started("a")
    sign_in(client, cast.ada)
    assert "Contoso" in client.get("/notifications/").get_data(as_text=True)
    users.remove_member(Membership.get(user=cast.ada, tenant=cast.contoso), SYSTEM)
    for path in ("/", "/notifications/", "/notifications/?show=unread", f"/runs/mine?also={run.id}"):
        page = client.get(path).get_data(as_text=True)
        assert "Contoso" not in page, path
        assert 'class="count"' not in page, path


def test_a_content_that_cannot_be_opened_leaves_the_rest_of_the_page(client, sign_in, cast, captured):
    policy = captured[0][0]
    broken = capture_by_hand(policy, SYSTEM, {"name": "P", "settings": [setting(1)]})[1]
    capture_by_hand(policy, SYSTEM, {"name": "P", "settings": [setting(2)]})
    Content.update(sealed=b"nonsense").where(Content.id == broken.content_id).execute()
    page = sign_in(client, cast.ada).get(f"/policies/{policy.id}").get_data(as_text=True)
    assert page.count("a stored content cannot be opened") == 2
    assert "Capture snapshot" in page


def setting(value, name="device_vendor_msft_policy_config_defender_scan"):
    return {"id": "0", "settingInstance": {"settingDefinitionId": name, "simpleSettingValue": {"value": value}}}


def test_a_policys_history_says_what_changed_and_who_captured_it(client, sign_in, cast, captured):
    policy = captured[0][0]
    for value in (1, 2):
        capture_by_hand(policy, Actor.person(cast.max, None), {"name": "P", "settings": [setting(value)]})
    capture_by_hand(policy, SYSTEM, {"name": "P", "settings": [setting(2), setting("x", "other")], "passwordLength": 9})
    sign_in(client, cast.ada)
    page = client.get(f"/policies/{policy.id}").get_data(as_text=True)
    said = re.findall(r'<p class="what">(.*?)</p>', page)
    assert said == [
        "2 added: Password length; Other",
        "Defender: Scan: 1 → 2",
        "1 changed, 1 added: Name; Defender: Scan",
        "First snapshot",
    ]
    origins = re.findall(r'<span class="origin"><a href="/runs/\d+">(.*?)</a>', page)
    assert origins == ["captured by a command", *["captured by Max"] * 2, "captured by Ada"]
    assert len(re.findall(r"Changed in the tenant between\s<time.*?</time> and <time.*?</time>:", page)) == 3


def test_secrets_are_not_told_in_the_words_either(client, sign_in, cast, captured):
    policy = captured[0][0]
    for value in ("hunter2", "hunter3"):
        capture_by_hand(policy, SYSTEM, {"name": policy.name, "preSharedKey": value})
    for who in (cast.ada, cast.max):
        assert "hunter" not in sign_in(client, who).get(f"/policies/{policy.id}").get_data(as_text=True)


def test_a_long_history_goes_on_page_by_page_and_still_knows_what_changed(client, sign_in, cast, captured):
    policy = captured[0][0]
    for value in range(12):
        capture_by_hand(policy, SYSTEM, {"name": policy.name, "settings": [setting(value)]})
    sign_in(client, cast.ada)
    first, second = (client.get(f"/policies/{policy.id}?page={n}").get_data(as_text=True) for n in (0, 1))
    words = [re.findall(r'<p class="what">(.*?)</p>', page) for page in (first, second)]
    assert words[0][0] == "Defender: Scan: 10 → 11"
    assert words[0][-1] == "Defender: Scan: 1 → 2"
    assert words[1] == ["Defender: Scan: 0 → 1", "Defender: Scan added", "First snapshot"]


def test_two_chosen_snapshots_are_compared_the_older_first(client, sign_in, cast, captured):
    policy, _, first = captured[0]
    second = capture_by_hand(policy, SYSTEM, {"name": "Another", "settings": []})[1]
    sign_in(client, cast.ada)
    for one, other in ((first, second), (second, first)):
        answer = client.get(f"/policies/{policy.id}/compare?one={one.id}&other={other.id}")
        assert answer.headers["Location"] == f"/snapshots/{first.id}/compare/{second.id}"
    for query in ("", f"?one={first.id}", f"?one={first.id}&other={first.id}"):
        answer = client.get(f"/policies/{policy.id}/compare{query}", follow_redirects=True)
        assert "Choose two different snapshots" in answer.get_data(as_text=True)
    assert client.get(f"/policies/{policy.id}/compare?one={first.id}&other={captured[2][2].id}").status_code == 403


def test_comparing_with_the_tenant_now_is_a_run_that_its_page_waits_for(client, sign_in, cast, captured, redis_url):
    policy, run, first = captured[0]
    sign_in(client, cast.ada)
    address = f"/snapshots/{first.id}/compare-live"
    answer = client.post(address, data={"csrf_token": csrf_token(client, f"/policies/{policy.id}")})
    started = Run.select().order_by(Run.id.desc()).get()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{address}/{started.id}")
    waiting = client.get(f"{address}/{started.id}").get_data(as_text=True)
    assert "is being read from the tenant" in waiting
    assert f'data-progress="/runs/{started.id}/progress"' in waiting
    assert "exactly as this snapshot has it" in client.get(f"{address}/{run.id}").get_data(as_text=True)
    completion.fail(claims.take_claim(started.id, started.kind), "x", "Graph is away.")
    failed = client.get(f"{address}/{started.id}").get_data(as_text=True)
    assert "there is nothing to compare with" in failed
    assert "Graph is away." in failed
    assert client.get(f"{address}/{captured[1][1].id}").status_code == 404, "a run of another policy"


def test_restored_groups_are_called_by_name_on_the_pages_of_a_snapshot(client, sign_in, cast, captured):
    policy = captured[0][0]
    target = {"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": "g1"}
    made = capture_by_hand(policy, SYSTEM, None, [{"target": target}], {"g1": "SG-Leavers"})[1]
    sign_in(client, cast.ada)
    for path in (f"/snapshots/{made.id}", f"/policies/{policy.id}"):
        assert "Without group SG-Leavers" in client.get(path).get_data(as_text=True)
    assert json.loads(client.get(f"/snapshots/{made.id}/download").data)["assignments"][0]["target"] == target
    assert Policy.get_by_id(policy.id).snapshot_count == 2
