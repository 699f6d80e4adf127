"""The list of changes: what it finds, what a row says, and that nobody hears of tenants they may not see."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest

from db.clock import utcnow
from db.models import Change, TenantTag
from db.states import ChangeKind, ChangeState, DoerKind, Severity
from tests.support.changes import record_change, record_event
from tests.support.forms import csrf_token
from tests.web.lists.test_list_view import rows


@pytest.fixture
def changes(captured):
    """Of Contoso an open grave one by Anna, one by an app that is of no account, and one of ours; one of Fabrikam."""
    one, two, other = captured[0][0], captured[1][0], captured[2][0]
    made = [
        record_change(one),
        record_change(two, severity=Severity.LOW, state=ChangeState.RECORDED, kind=ChangeKind.ASSIGNMENTS_CHANGED),
        record_change(one, restore_id=12, severity=Severity.MEDIUM, state=ChangeState.PUT_BACK, since_at=utcnow()),
        record_change(other),
    ]
    record_event(one)
    record_event(two, "Autopatch", doer_kind=DoerKind.APP, app_name=None, app_id=None)
    record_event(other, "sam@fabrikam.example")
    return made


@pytest.fixture
def listed(client, sign_in, cast, changes):
    sign_in(client, cast.max)
    return lambda path: rows(client.get(path))


def test_changes_are_narrowed_by_what_they_are_by_whom_and_search(listed, cast, changes, captured):
    TenantTag.create(tenant=cast.contoso, name="Gold", folded="gold")
    one, two = captured[0][0].name, captured[1][0].name
    assert listed("/changes/") == [one, two, one], "newest first, and none of Fabrikam"
    for narrowed, expected in (
        ("state=open", [one]),
        ("severity=low", [two]),
        ("kind=assignments_changed", [two]),
        ("type=configurationPolicies", [one, two, one]),
        ("type=deviceConfigurations", ["No results. Clear filters"]),
        ("by=anna@contoso.example", [one]),
        ("by=Autopatch", [two]),
        ("by=ours", [one]),
        ("by=sam@fabrikam.example", [one, two, one]),
        ("tag=gold&state=open", [one]),
        (f"search={captured[1][0].graph_id}", [two]),
        ("search=policy+2", [two]),
        (f"since={utcnow() + timedelta(days=1):%Y-%m-%d}", ["No results. Clear filters"]),
    ):
        assert listed(f"/changes/?{narrowed}") == expected, narrowed


def test_a_row_says_what_how_grave_when_who_and_where(client, sign_in, cast, changes):
    page = sign_in(client, cast.rita).get("/changes/").get_data(as_text=True)
    said = [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in page.partition("<tbody>")[2].split("<tr>")[1:]]
    assert re.search(r"Contoso policy 1 State changed high 1 h ago by anna@ contoso.example in the portal Contoso "
                     "open", said[2])  # fmt: skip
    assert "by the app Autopatch" in said[1]
    assert "by restore 12 of ours" in said[0]


def test_csv_and_json_have_what_the_list_finds_and_no_other_tenant(client, sign_in, cast, changes, captured):
    sign_in(client, cast.max)
    head, row = csv.reader(io.StringIO(client.get("/changes/export/csv/?state=open").get_data(as_text=True)))
    said = dict(zip(head, row, strict=True))
    assert said["what"] == "State changed"
    assert said["by"] == "anna@contoso.example in the portal"
    [found] = json.loads(client.get("/changes/export/json/?state=open").get_data(as_text=True))
    assert found["tenant"] == "Contoso"
    assert found["by"][0]["name"] == "anna@contoso.example"
    assert [one["id"] for one in json.loads(client.get("/changes/export/json/").get_data(as_text=True))] == [3, 2, 1]


def test_all_authors_of_a_page_are_asked_for_at_once(client, sign_in, cast, captured, database, monkeypatch):
    sign_in(client, cast.max)
    record_change(captured[0][0])
    client.get("/changes/")
    asked, counts, execute = [], [], type(database).execute_sql
    monkeypatch.setattr(type(database), "execute_sql", lambda self, *args: asked.append(args) or execute(self, *args))
    for number in (1, 20):
        for _ in range(number):
            record_event(captured[1][0])
            record_change(captured[1][0])
        asked.clear()
        client.get("/changes/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_what_is_ticked_and_open_is_accepted_for_one_reason_by_who_manages(client, sign_in, cast, changes):
    def accept(person, ids, reason):
        sign_in(client, person)
        data = {"csrf_token": csrf_token(client, "/"), "action": "accept", "rowid": ids, "reason": reason}
        return client.post("/changes/action/", data={**data, "url": "/changes/"}, follow_redirects=True)

    def states():
        return [row.state for row in Change.select().order_by(Change.id)]

    ids = [change.id for change in changes]
    before = states()
    assert accept(cast.ada, ids[:1], "She may not.").status_code == 403
    assert accept(cast.max, [ids[0], ids[3]], "One is of Fabrikam.").status_code == 403
    assert "Say why it may be so" in accept(cast.max, ids[:1], " ").get_data(as_text=True)
    assert "Tick changes that are open." in accept(cast.max, ids[1:2], "x").get_data(as_text=True)
    assert states() == before
    assert "Accepted: 1 change." in accept(cast.max, ids[:3], "INC-4711").get_data(as_text=True)
    assert states() == ["accepted", *before[1:]]
    page = sign_in(client, cast.ada).get("/changes/").get_data(as_text=True)
    assert 'name="rowid"' not in page, "who cannot accept has nothing to tick"
