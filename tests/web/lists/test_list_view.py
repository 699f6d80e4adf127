"""What every list can do: narrow, search, choose columns, export. Scope is in test_isolation.py."""

import csv
import io
import re
from datetime import timedelta

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import BackupSet, Membership, Policy, Preference, Run
from db.runs import runs
from db.states import Role, RunKind, RunState
from tests.support.forms import csrf_token


def rows(answer):
    """The first cell of each row of a list, as text; of what has a number beside its name, the number."""
    page = answer.get_data(as_text=True)
    found = re.findall(r"<tr>(.*?)</tr>", page.partition("<tbody>")[2].partition("</tbody>")[0], re.S)
    cells = [
        re.search(r'<td(?! class="tick")[^>]*>(.*?)(?:<span class="under">.*?)?</td>', row, re.S)[1] for row in found
    ]
    numbers = [re.search(r'class="number">(.*?)<', cell) for cell in cells]
    return [
        number[1].replace("&nbsp;", " ").capitalize() if number else " ".join(re.sub(r"<[^>]+>", " ", cell).split())
        for number, cell in zip(numbers, cells, strict=True)
    ]


@pytest.fixture
def listed(client, sign_in, cast, captured):
    """listed(path) -> the first cells, as Max, who manages Contoso and reads Fabrikam."""
    users.set_member(cast.max, cast.fabrikam, Role.READER, SYSTEM)
    sign_in(client, cast.max)
    return lambda path: rows(client.get(path))


def test_runs_are_narrowed_by_state_kind_person_and_search(listed, cast, captured):
    runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="k", items=[], actor=SYSTEM)
    Run.update(state=RunState.PARTIAL).where(Run.id == 2).execute()
    assert listed("/runs/") == ["Run 5", "Run 4", "Run 3", "Run 2", "Run 1"]
    assert listed("/runs/?state=unwell") == ["Run 2"]
    assert listed("/runs/?state=queued") == ["Run 5"]
    assert listed("/runs/?kind=policy.sync") == ["Run 5"]
    assert listed(f"/runs/?person={cast.sam.id}") == ["Run 4", "Run 3"]
    assert listed("/runs/?person=none") == ["Run 5"]
    assert listed(f"/runs/?search={captured[1][0].graph_id}") == ["Run 2"]
    assert listed("/runs/?search=3") == ["Run 3"], "its number; no policy is called so"
    assert listed("/runs/?search=Contoso+1&state=succeeded") == ["Run 1"]
    assert listed("/runs/?state=nonsense&person=x") == listed("/runs/"), "what is no choice is no filter"


def test_the_days_are_the_readers(listed, captured):
    for run_id, at in ((1, "2026-01-31 22:59:59"), (2, "2026-01-31 23:00:00"), (3, "2026-02-01 22:59:59")):
        Run.update(created_at=at).where(Run.id == run_id).execute()
    Run.update(created_at="2026-03-01 00:00:00").where(Run.id == 4).execute()
    day = "since=2026-02-01&until=2026-02-01"
    assert listed(f"/runs/?{day}&zone=Europe/Vienna") == ["Run 3", "Run 2"]
    assert listed(f"/runs/?{day}") == ["Run 3"]
    assert listed("/runs/?since=2026-02-15") == ["Run 4"]
    assert listed("/runs/?until=2026-01-01") == listed("/runs/?since=2027-01-01")


def test_a_day_on_which_the_clock_changes_is_as_long_as_it_is(listed, captured):
    for run_id, at in ((1, "2026-10-24 22:00:00"), (2, "2026-10-25 22:59:59"), (3, "2026-10-25 23:00:00")):
        Run.update(created_at=at).where(Run.id == run_id).execute()
    assert listed("/runs/?since=2026-10-25&until=2026-10-25&zone=Europe/Vienna") == ["Run 2", "Run 1"]


def test_policies_are_narrowed_by_when_they_were_captured(listed, captured):
    for (policy, *_), age in zip(captured, (0, 2, 9, None), strict=True):
        at = None if age is None else utcnow() - timedelta(days=age)
        Policy.update(last_captured_at=at).where(Policy.id == policy.id).execute()
    names = [made[0].name for made in captured]
    assert listed("/policies/?captured=day") == names[:1]
    assert listed("/policies/?captured=week") == names[1::-1]
    assert listed("/policies/?captured=before") == names[2:3]
    assert listed("/policies/?captured=never") == names[3:]


def test_lists_are_sorted_by_the_columns_that_say_so_what_is_empty_first(listed, client, captured):
    order = ["Contoso policy 1", "Contoso policy 2", "Fabrikam policy 1", "Fabrikam policy 2"]
    addresses = re.findall(r'<a href="(/policies/\?sort=[^"]+)"', client.get("/policies/").get_data(as_text=True))
    by_name, by_change, by_capture = (address.replace("&amp;", "&") for address in addresses)
    assert listed(by_name) == order
    assert listed(f"{by_name}&desc=1") == order[::-1]
    Policy.update(modified_at="2026-01-02").where(Policy.name == order[1]).execute()
    Policy.update(modified_at="2026-01-01").where(Policy.name == order[3]).execute()
    assert listed("/policies/") == [order[1], order[3], order[2], order[0]], "what was changed last, and what never"
    assert listed(f"{by_change}&desc=1") == listed("/policies/")
    Policy.update(last_captured_at=None).where(Policy.name == order[2]).execute()
    Policy.update(last_captured_at="2026-01-01").where(Policy.name == order[3]).execute()
    assert listed(by_capture)[:2] == [order[2], order[3]]
    assert listed(f"{by_capture}&desc=1")[2:] == [order[3], order[2]]
    assert listed("/runs/?sort=0") == ["Run 1", "Run 2", "Run 3", "Run 4"]


def test_the_tenant_of_the_address_comes_before_the_one_that_was_chosen(listed, client, cast):
    def choose(tenant):
        return client.post("/tenants/choose", data={"csrf_token": csrf_token(client, "/"), "tenant": tenant,
                                                    "next": "/runs/"})  # fmt: skip

    assert choose(cast.fabrikam.id).headers["Location"] == "/runs/"
    assert listed("/runs/") == ["Run 4", "Run 3"]
    assert listed(f"/runs/?tenant={cast.contoso.id}") == ["Run 2", "Run 1"]
    page = client.get(f"/runs/?tenant={cast.contoso.id}").get_data(as_text=True)
    assert "<strong>Contoso</strong> <small>Lists show Fabrikam</small>" in page
    assert len(listed("/runs/?tenant=all")) == 4
    assert listed("/runs/?tenant=999") == ["No results. Clear filters"]
    exported = client.get("/runs/export/csv/").get_data(as_text=True)
    assert "Contoso" not in exported
    choose("")
    assert len(listed("/runs/")) == 4


def test_a_tenant_whose_role_was_taken_away_does_not_stay_chosen(client, sign_in, cast, captured):
    sign_in(client, cast.ada)
    Preference.create(user=cast.ada, name="tenant", value=cast.fabrikam.id)
    page = client.get("/policies/").get_data(as_text=True)
    assert "Fabrikam" not in page
    assert len(rows(client.get("/policies/"))) == 2


def test_the_choice_of_a_tenant_leads_to_no_other_site(client, sign_in, cast):
    sign_in(client, cast.ada)
    data = {"csrf_token": csrf_token(client, "/"), "tenant": cast.contoso.id, "next": "https://evil.example/"}
    assert client.post("/tenants/choose", data=data).headers["Location"] == f"/tenants/{cast.contoso.id}"


def test_columns_are_remembered_for_each_list_and_person(client, sign_in, cast, captured):
    def head(path):
        return re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([\w ]+?)\s*<', client.get(path).get_data(as_text=True))

    sign_in(client, cast.ada)
    data = {
        "csrf_token": csrf_token(client, "/"),
        "column": ["graph_id", "state", "password_hash"],
        "url": "/policies/",
    }
    assert client.post("/policies/columns/", data=data).headers["Location"] == "/policies/"
    assert head("/policies/") == ["Name", "State", "Graph id"], "the first is always there, what is none is ignored"
    assert "Took" in head("/runs/")
    client.post("/policies/columns/", data={"csrf_token": data["csrf_token"]})
    assert "Snapshots" in head("/policies/"), "none chosen: as the list has them"


def test_what_is_exported_is_what_is_narrowed_and_no_formula(listed, client, cast):
    Policy.update(name="=cmd|' /C calc'!A0").where(Policy.name == "Contoso policy 1").execute()
    answer = client.get("/policies/?search=calc&state=present")
    address = re.search(r'href="([^"]*export[^"]*)"', answer.get_data(as_text=True))[1].replace("&amp;", "&")
    head, row = csv.reader(io.StringIO(client.get(address).get_data(as_text=True)))
    assert row[head.index("name")] == "'=cmd|' /C calc'!A0"
    assert row[head.index("tenant")] == "Contoso"


def test_many_tenants_are_backed_up_at_once(client, sign_in, cast):
    sign_in(client, cast.root)
    data = {"csrf_token": csrf_token(client, "/tenants/"), "action": "back_up",
            "rowid": [cast.contoso.id, cast.fabrikam.id]}  # fmt: skip
    page = client.post("/tenants/action/", data=data, follow_redirects=True).get_data(as_text=True)
    assert '2 runs are under way. <a class="alert-link" href="/runs/?tenant=all&amp;kind=backup_set.capture">' in page
    page = client.post("/tenants/action/", data=data, follow_redirects=True).get_data(as_text=True)
    assert "2 runs are under way. 2 of them were already running." in page
    assert {run.tenant for run in Run.select()} == {cast.contoso, cast.fabrikam}
    assert BackupSet.select().count() == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_after_an_action_the_way_back_is_a_place_of_ours(client, sign_in, cast):
    sign_in(client, cast.ada)
    data = {"csrf_token": csrf_token(client, "/"), "action": "back_up"}
    for back in ("http://[", "\t\n\r", "//evil.example", "\\", "runs", "/tenants/?tenant=all"):
        answer = client.post("/tenants/action/", data={**data, "url": back})
        expected = (303, back if back.startswith("/tenants") else "/tenants/")
        assert (answer.status_code, answer.location) == expected, back


def test_what_was_not_ticked_or_may_not_be_is_not_started(client, sign_in, cast, captured):
    users.set_member(cast.ada, cast.fabrikam, Role.READER, SYSTEM)
    page = sign_in(client, cast.ada).get("/policies/").get_data(as_text=True)
    assert page.count('name="rowid"') == 2, "she reads Fabrikam's, and operates Contoso's"
    data = {"csrf_token": csrf_token(client, "/"), "action": "capture"}
    answer = client.post("/policies/action/", data=data, follow_redirects=True)
    assert "tick at least one row" in answer.get_data(as_text=True) or "select at least one" in answer.get_data(
        as_text=True
    )


def test_tenants_come_by_name(client, sign_in, cast):
    assert rows(sign_in(client, cast.root).get("/tenants/")) == ["Contoso", "Fabrikam"]


def test_an_empty_list_says_what_to_do_next(client, sign_in, cast):
    sign_in(client, cast.ada)
    assert rows(client.get("/runs/")) == ["No runs yet. Whatever you start is shown here."]
    assert "“Restore” on a backup set previews one" in client.get("/restores/").get_data(as_text=True)
    assert rows(client.get("/policies/?search=nowhere")) == ["No results. Clear filters"]


def test_policies_are_found_by_type_and_a_misspelled_word_leads_to_the_right_one(listed, client, cast):
    Policy.update(name="WIN - BitLocker - Pilot").where(Policy.name == "Contoso policy 2").execute()
    Policy.update(policy_type="conditionalAccessPolicies").where(Policy.name == "Contoso policy 1").execute()
    assert listed("/policies/?search=conditional+access") == ["Contoso policy 1"]
    Policy.update(
        policy_type="deviceConfigurations", odata_type="#microsoft.graph.windowsUpdateForBusinessConfiguration"
    ).where(Policy.name == "Fabrikam policy 1").execute()
    assert listed("/policies/?search=update+ring") == ["Fabrikam policy 1"], "by the title of its subtype"
    page = client.get("/policies/?search=bitlokcer").get_data(as_text=True)
    assert 'Did you mean <a href="/policies/?search=bitlocker">bitlocker</a>?' in page
    assert listed("/policies/?search=bitlocker") == ["WIN - BitLocker - Pilot"]
    assert "Did you mean" not in client.get("/policies/?search=xyzzy").get_data(as_text=True)
    Policy.update(name="Secret Zanzibar", tenant=cast.fabrikam).where(Policy.name == "Fabrikam policy 2").execute()
    Membership.delete().where(Membership.tenant == cast.fabrikam).execute()
    assert "anzibar" not in client.get("/policies/?search=zanzibra").get_data(as_text=True).partition("<tbody>")[2]


def test_the_state_is_a_column_only_where_a_policy_is_gone(listed, client):
    assert ">State<" not in client.get("/policies/").get_data(as_text=True).partition("<thead>")[2]
    Policy.update(state="gone").where(Policy.name == "Contoso policy 1").execute()
    assert 'data-label="State"' in client.get("/policies/").get_data(as_text=True)
