"""`/`: is everyone backed up, what needs attention first, and the chart of days."""

import re
from datetime import timedelta

from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.housekeeping import tenant_removal
from db.models import ApprovedPolicy, Restore, Run, Tenant
from db.restores import restore_rules
from db.runs import run_history
from db.states import ChangeState, Level, RunState
from db.tenants import schedules, tenants
from tests.support.changes import record_change, record_event
from tests.support.restore_steps import options
from web.views.installation.dashboard import TENANTS_SHOWN


def test_what_needs_attention_comes_first_with_what_to_do(client, sign_in, cast):
    tenants.record_connection(cast.fabrikam, "The client secret has expired.")
    Tenant.update(last_backup_at=utcnow()).where(Tenant.id == cast.contoso.id).execute()
    page = sign_in(client, cast.root).get("/").get_data(as_text=True)
    attention = page.partition("Needs attention")[2].partition("</section>")[0]
    assert "The client secret has expired." in attention
    assert f'action="/tenants/{cast.fabrikam.id}/back-up"' in attention
    assert "Contoso</a>" in attention
    assert f'href="/schedules/?tenant={cast.contoso.id}">Add a schedule</a>' in attention
    rows = page.partition('id="tenants"')[2]
    assert rows.index("Fabrikam") < rows.index("Contoso")


def test_it_shows_only_ones_own_tenants_and_a_reader_nothing_to_press(client, sign_in, cast, captured):
    page = sign_in(client, cast.rita).get("/").get_data(as_text=True)
    assert "Contoso" in page
    assert "Fabrikam" not in page
    assert "Back up now" not in page


def test_the_card_of_open_changes_is_scoped_and_says_when_nothing_is_approved(client, sign_in, cast, captured):
    def card(person):
        page = sign_in(client, person).get("/").get_data(as_text=True).partition('id="open-changes"')[2]
        return " ".join(page.partition("</section>")[0].split())

    (policy, _, snapshot), _, (theirs, *_), _ = captured
    record_change(policy, state=ChangeState.RECORDED, seen_at=utcnow() - timedelta(hours=4))
    record_change(theirs, state=ChangeState.RECORDED)
    assert "1 change in the last 24 hours; no state is approved yet." in card(cast.rita)
    assert "2 changes in the last 24 hours" in card(cast.root)
    ApprovedPolicy.create(tenant=policy.tenant, policy=policy, snapshot=snapshot, mark="x")
    assert "Nothing is open: everything that was approved is as approved." in card(cast.rita)
    assert "no state is approved yet" in card(cast.sam), "it is the other tenant's"
    record_event(policy, "anna@contoso.example")
    record_change(policy, after=snapshot)
    for words in (policy.name, "anna@<wbr>contoso.example", "state=open&amp;severity=high"):
        assert (words in card(cast.rita), words in card(cast.sam)) == (True, False), words


def test_failures_of_the_week_lead_to_the_runs_that_failed(client, sign_in, cast, captured):
    Run.update(state=RunState.FAILED).where(Run.id == 1).execute()
    Run.update(state=RunState.FAILED, created_at=utcnow() - timedelta(days=8)).where(Run.id == 2).execute()
    sign_in(client, cast.ada)
    page = client.get("/").get_data(as_text=True)
    address = re.search(r'href="(/runs/\?[^"]*state=unwell[^"]*)">1<', page)[1].replace("&amp;", "&")
    listed = client.get(address).get_data(as_text=True)
    assert "run&nbsp;1<" in listed
    assert "run&nbsp;2<" not in listed


def test_a_restore_that_waits_for_approval_needs_attention(client, sign_in, cast, captured):
    restore_rules.change(cast.contoso, True, "", SYSTEM)
    restore = drafts.from_snapshot(captured[0][2], cast.contoso, options(), SYSTEM)
    sign_in(client, cast.max)
    assert "to approve" not in client.get("/").get_data(as_text=True)
    Restore.update(state="previewed").where(Restore.id == restore.id).execute()
    page = " ".join(client.get("/").get_data(as_text=True).split())
    assert f'href="/restores/{restore.id}">Restore of Contoso policy 1 to Contoso</a>' in page
    assert "waits for another manager&#39;s approval" in page or "waits for another manager's approval" in page


def test_a_tenant_that_is_to_be_removed_needs_attention_of_who_sees_it_until_somebody_keeps_it(client, sign_in, cast):
    tenant_removal.request(cast.contoso, SYSTEM, 7)
    tenant_removal.request(cast.fabrikam, SYSTEM, 7)
    sign_in(client, cast.ada)
    page = client.get("/").text
    assert re.findall(r'">(\w+)</a>\s+goes with all its backups <time', page) == ["Contoso"]
    tenant_removal.take_back(cast.contoso, SYSTEM)
    assert "goes with all its backups" not in client.get("/").text


def test_five_hundred_tenants_are_one_page_with_the_worst_on_it(client, sign_in, cast):
    now = utcnow()
    rows = [{"name": f"Customer {n:03}", "directory_id": f"{n:036}", "client_id": "", "last_backup_at": now}
            for n in range(498)]  # fmt: skip
    Tenant.insert_many(rows).execute()
    Tenant.update(last_backup_at=None).where(Tenant.name == "Customer 497").execute()
    schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    page = sign_in(client, cast.root).get("/").get_data(as_text=True)
    assert 'href="/tenants/?standing=never_backed_up">3 of 500 were never fully backed up</a>' in page
    assert 'href="/tenants/?standing=no_schedule">499 of 500 have no schedule</a>' in page
    table = page.partition('id="tenants"')[2]
    assert table.index("Customer 497") < table.index("Customer 000")
    assert table.partition("</table>")[0].count("<tr>") == 1 + TENANTS_SHOWN
    assert "all 500 tenants" in table


def test_the_chart_counts_each_day_by_how_its_runs_ended(cast, captured):
    Run.update(created_at=utcnow()).execute()  # not before a midnight that has passed since
    today = utcnow().date()
    Run.update(state=RunState.FAILED).where(Run.id == 1).execute()
    Run.update(created_at=utcnow() - timedelta(days=3)).where(Run.id == 2).execute()
    first = today - timedelta(days=2)
    assert run_history.count_ended_by_day(first, None) == {(today, Level.BAD): 1, (today, Level.GOOD): 2}
    assert run_history.count_ended_by_day(first, [cast.fabrikam.id]) == {(today, Level.GOOD): 2}
    assert run_history.count_ended_by_day(first, []) == {}


def test_tiles_count_all_that_is_found_as_the_first_line_does(client, sign_in, cast):
    Tenant.update(last_backup_at=utcnow()).execute()
    tenants.record_connection(cast.fabrikam, "The client secret has expired.")
    page = " ".join(sign_in(client, cast.root).get("/").get_data(as_text=True).split())
    tiles = re.findall(r'class="tile [^"]*" href="([^"]*)">\s*<strong>(\d+)</strong>', page)
    assert [number for address, number in tiles if "no_schedule" in address] == ["2"], (
        "also of a tenant that stands worse yet"
    )
    said = page.partition('id="verdict"')[2].partition("</p>")[0]
    for address, number in tiles:
        listed = client.get(address.replace("&amp;", "&")).get_data(as_text=True)
        assert f"{number} found" in listed, address
        assert address in said, address
