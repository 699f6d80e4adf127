"""The main paths, as the people of an installation take them."""

import pytest
from playwright.sync_api import expect

from actors.rehearsals import rehearse
from db.accounts import users
from db.audit.audit import SYSTEM, Actor
from db.models import AuditEvent, Membership, Policy, Rehearsal, RehearsalSample, Run, Snapshot, Tenant
from db.runs import completion
from db.states import Role
from tests.support.captures import capture_by_hand
from tests.support.claimed_runs import claimed
from tests.support.environment import PASSWORD
from tests.support.simulated_tenant import catalog_policy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

POLICIES = "deviceManagement/configurationPolicies"
RAN = ".progress-line .badge"


@pytest.fixture
def working(graph, worker, quick):
    """Contoso in the simulator, and a worker that captures from it."""
    return graph


@pytest.fixture
def versions(cast, captured):
    """Contoso's first policy with three snapshots, oldest first."""
    policy = captured[0][0]
    body = catalog_policy(policy.graph_id, policy.name, count=3)
    group = {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g1"}}
    made = [captured[0][2]]
    for value, assignments in ((12, []), (99, [group])):
        body["settings"][1]["settingInstance"]["simpleSettingValue"]["value"] = value
        actor = Actor.person(cast.ada, None)
        made.append(capture_by_hand(policy, actor, {**body}, assignments, {"g1": "SG-Sales"})[1])
    return made


def test_the_first_sign_in_leads_to_the_page_that_was_asked_for(site, cast, new_page):
    page = new_page()
    page.goto(f"{site}/runs/?state=failed")
    assert page.evaluate("document.activeElement.id") == "email"
    page.fill("#email", cast.ada.email)
    page.fill("#password", "wrong horse battery")
    page.keyboard.press("Enter")
    assert "Wrong e-mail address" in page.locator(".alert").inner_text()
    assert page.input_value("#email") == cast.ada.email
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/runs/?state=failed")
    page.click(".top details summary")
    page.click("text=Sign out")
    page.wait_for_url(f"{site}/sign-in")
    assert [one for one in page.problems if "401" not in one] == []


def test_a_capture_is_followed_without_reloading_wherever_one_is(page, enter, cast, working):
    policy = Policy.get(Policy.tenant == cast.contoso)
    working.fault(kind="delay", path=policy.graph_id, seconds=5, times=1)
    enter(page, cast.ada, f"/policies/{policy.id}")
    page.click("text=Capture snapshot")
    page.wait_for_selector("#pulse >> text=1 running")
    page.wait_for_selector("#snapshots >> text=First snapshot")
    page.wait_for_selector(f"#said >> text=Capture of {policy.name}: succeeded", state="attached")
    assert not page.locator("#pulse .count").count(), "a success of one's own is no news"
    page.click("text=View run")
    expect(page.locator(RAN)).to_have_text("succeeded")
    page.click("dd >> text=Snapshot")
    page.wait_for_selector("text=Completeness check")


def test_a_run_says_what_it_waits_for_and_is_cancelled(page, enter, cast, working):
    policy = Policy.get(Policy.tenant == cast.contoso)
    working.fault(kind="status", path=policy.graph_id, status=429, retry_after="60", times=9)
    enter(page, cast.ada, f"/policies/{policy.id}")
    page.click("text=Capture snapshot")
    page.click("text=View run")
    page.wait_for_selector("text=/Microsoft limit reached/")
    page.wait_for_selector("text=Elapsed")
    page.click("button:has-text('Cancel')")
    page.wait_for_selector(f"{RAN} >> text=cancelled")
    expect(page.locator("button:has-text('Cancel')")).to_have_count(0)


def test_what_failed_is_read_filtered_copied_and_tried_again(new_page, enter, cast, working):
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    bad, good = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id)
    working.fault(kind="status", path=bad.graph_id, status=400, times=2)
    enter(page, cast.ada, "/policies/")
    page.check("[data-tick-all]")
    assert page.locator("[data-ticked]").inner_text() == "2 selected:"
    page.click("button:has-text('Back up')")
    page.click("text=View run")
    page.wait_for_selector(f"{RAN} >> text=partial")
    page.click(".chips >> text=/^failed/")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert good.name not in page.locator("tbody").inner_text()
    page.click("tbody [data-copy]")
    page.wait_for_function("() => navigator.clipboard.readText()")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"{bad.name}: ")
    assert "(request id " in copied
    working.clear_faults()
    page.click("text=Retry failed")
    page.click("text=View run")
    page.wait_for_selector(f"{RAN} >> text=succeeded")
    page.click("dt:has-text('Tries again') + dd a")
    expect(page.locator(".facts")).to_contain_text("Tried again by")
    assert page.problems == []


def test_versions_are_compared_by_setting_in_words_and_with_the_tenant_now(page, enter, cast, versions, working):
    _, middle, newest = versions
    policy = newest.policy
    working.put(POLICIES, {**catalog_policy(policy.graph_id, policy.name, count=3)})
    enter(page, cast.ada, f"/policies/{policy.id}")
    said = page.locator(".history .what").all_inner_texts()
    assert said[0] == "1 changed, 1 added: Test: 1; Group SG-Sales"
    assert said[2] == "First snapshot"
    assert "SG-Sales" in page.locator("#assignments").inner_text()
    page.check(f"input[name=one][value='{newest.id}']")
    page.check(f"input[name=other][value='{middle.id}']")
    page.click("text=Compare selected")
    page.wait_for_url(f"**/snapshots/{middle.id}/compare/{newest.id}")
    row = page.locator("tr", has_text="Test: 1")
    assert row.locator("td").all_inner_texts()[1:] == ["12", "99"]
    page.click("text=Compare with the tenant now")
    page.wait_for_selector("th >> text=Now")
    row = page.locator("tr", has_text="Test: 1")
    assert row.locator("td").all_inner_texts()[1:] == ["99", "1"]
    assert Snapshot.select().where(Snapshot.policy == policy).count() == 4, "what was read is kept"
    page.goto(page.url.split("/snapshots/")[0] + f"/policies/{policy.id}")
    page.click("text=raw JSON")
    expect(page.locator("#raw pre")).to_contain_text('"settingDefinitionId"')


def test_the_tenant_is_switched_in_one_place_and_remembered(page, enter, cast, captured, site):
    users.set_member(cast.max, cast.fabrikam, Role.READER, SYSTEM)
    enter(page, cast.max, "/policies/")
    assert page.locator(".tenant-now strong").inner_text() == "All tenants"
    assert page.locator("tbody tr").count() == 4
    page.keyboard.press("Tab")  # to the skip link, past the menu, as a keyboard gets there
    page.locator(".tenant-now[data-chooser]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog input[type=search]:focus")
    page.keyboard.type("fabri")
    page.wait_for_selector("dialog li:has-text('Fabrikam')")
    page.wait_for_selector("dialog li:nth-child(2):last-child")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1 + p >> text=of Fabrikam")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.goto(f"{site}/policies/{captured[0][0].id}")
    assert page.locator(".tenant-now strong").inner_text() == "Contoso"
    assert page.locator(".tenant-now small").inner_text() == "Lists show Fabrikam"
    page.context.clear_cookies()
    enter(page, cast.max, "/runs/")
    assert page.title() == "Runs of Fabrikam · Tenantkeep"
    page.click("text=show all tenants")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.locator(".tenant-now[data-chooser]").click()
    page.click("dialog >> text=All tenants")
    page.wait_for_selector(".tenant-now >> text=All tenants")


def test_a_reader_sees_everything_and_is_offered_nothing(new_page, enter, cast, captured, site):
    page = new_page()
    policy, run, snapshot = captured[0]
    enter(page, cast.rita)
    for path in ("/", "/tenants/", "/policies/", "/runs/", f"/tenants/{cast.contoso.id}", f"/policies/{policy.id}",
                 f"/snapshots/{snapshot.id}", f"/runs/{run.id}"):  # fmt: skip
        page.goto(site + path)
        offered = page.locator("main button:visible").all_inner_texts()
        assert not {"Capture snapshot", "Back up now", "Back up", "Sync policies", "Retry failed"} & set(offered), path
        assert page.locator("main >> text=/Restore (this|newest) version/").count() == 0
    assert page.problems == []
    page.goto(f"{site}/restores/new?snapshot={snapshot.id}")
    assert page.locator("h1").inner_text() == "You don't have access"
    assert page.locator(".copyable code").inner_text() != ""


def test_a_column_that_was_chosen_stays(page, enter, cast, captured, site):
    enter(page, cast.ada, "/policies/")
    assert "Graph id" not in page.locator("thead").inner_text()
    page.click(".acts details summary")
    page.check("text=Graph id")
    page.uncheck("text=Snapshots")
    page.click("text=Show these")
    expect(page.locator("thead")).to_contain_text("Graph id")  # kept: it may be left
    page.goto(f"{site}/policies/?search=policy")
    head = page.locator("thead").inner_text()
    assert "Graph id" in head
    assert "Snapshots" not in head


def test_what_moves_leaves_the_focus_where_it_is(page, enter, cast, working):
    policies = list(Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id))
    working.fault(kind="delay", path=policies[0].graph_id, seconds=6, times=1)
    enter(page, cast.ada, f"/tenants/{cast.contoso.id}")
    page.click("text=Back up now")
    page.click("text=View run")
    page.locator(".chips >> text=all").focus()
    page.wait_for_selector(f"{RAN} >> text=succeeded")
    assert page.evaluate("document.activeElement.textContent").startswith("all ")


def start_capture(page, enter, person, working):
    """Press “Capture snapshot” of a policy that takes seconds to read; return the policy."""
    policy = Policy.select().join(Tenant).where(Tenant.name == "Contoso").order_by(Policy.id).first()
    working.fault(kind="delay", path=policy.graph_id, seconds=8, times=1)
    enter(page, person, f"/policies/{policy.id}")
    page.click("text=Capture snapshot")
    page.wait_for_selector("text=View run")  # started: the page may be left
    return policy


def test_what_is_being_typed_outlives_the_end_of_a_run(page, enter, cast, working):
    policy = start_capture(page, enter, cast.max, working)
    page.goto(page.url.replace(f"/policies/{policy.id}", f"/tenants/{cast.contoso.id}"))
    page.click("text=Add tags")
    page.get_by_label("Tags").fill("gold, north")
    page.wait_for_selector("#latest-runs >> text=succeeded")
    assert page.get_by_label("Tags").input_value() == "gold, north"
    assert page.evaluate("document.activeElement.name") == "tags"


def test_a_visit_to_the_run_reads_the_news_that_it_failed(page, enter, cast, working):
    policy = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id).first()
    working.fault(kind="status", path=policy.graph_id, status=400, times=1)
    enter(page, cast.ada, f"/policies/{policy.id}")
    page.click("text=Capture snapshot")
    page.wait_for_selector("#pulse .count")
    assert page.locator("#pulse .count").inner_text().split() == ["1", "unread"]
    page.goto(page.url.replace(f"/policies/{policy.id}", f"/runs/{Run.select().order_by(Run.id.desc()).get().id}"))
    assert page.locator(RAN).inner_text().strip() == "failed"
    assert not page.locator("#pulse .count").count()


def test_who_loses_the_role_while_following_is_told_and_asks_no_more(new_page, enter, cast, working):
    page = new_page()
    start_capture(page, enter, cast.ada, working)
    page.click("text=View run")
    users.remove_member(Membership.get(user=cast.ada, tenant=cast.contoso), SYSTEM)
    page.wait_for_selector("h1 >> text=You don't have access")
    refused = AuditEvent.select().where(AuditEvent.action == "access:refused").count()
    page.wait_for_timeout(2500)
    assert AuditEvent.select().where(AuditEvent.action == "access:refused").count() == refused <= 3


def test_a_page_says_when_one_is_signed_out_meanwhile(page, enter, cast, site):
    enter(page, cast.ada)
    page.context.clear_cookies()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector(".alert >> text=You are signed out")


def test_times_are_the_readers_and_the_exact_one_is_in_the_title(new_page, enter, cast, captured):
    page = new_page(timezone_id="Australia/Sydney", locale="en-GB")
    run = captured[0][1]
    Run.update(created_at="2026-01-31 20:30:15").where(Run.id == run.id).execute()
    enter(page, cast.ada, "/runs/?since=2026-02-01&until=2026-02-01&zone=Australia/Sydney")
    assert page.locator("tbody tr").count() == 1
    time = page.locator("tbody time").first
    assert time.inner_text() == "1 Feb 2026, 07:30"
    assert time.get_attribute("title").endswith("= 2026-01-31 20:30:15 UTC")
    assert page.input_value("[data-zone]") == "Australia/Sydney"


@pytest.mark.parametrize(("hidden", "until_asked"), [("false", 20), ("true", 120)])
def test_where_nothing_runs_the_server_is_asked_seldom_and_in_a_hidden_tab_more_seldom(
    page, enter, cast, hidden, until_asked
):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/runs/mine" in request.url else None)
    page.add_init_script(f"Object.defineProperty(document, 'hidden', {{ get: () => {hidden} }})")
    page.clock.install()
    enter(page, cast.ada)
    page.clock.run_for((until_asked - 1) * 1000)
    page.wait_for_timeout(200)
    assert asked == []
    with page.expect_response("**/runs/mine"):
        page.clock.run_for(2000)
    assert len(asked) == 1


def test_a_page_says_when_the_server_does_not_answer_and_goes_on_when_it_does(new_page, enter, cast, working):
    page = new_page()
    start_capture(page, enter, cast.ada, working)
    page.click("text=View run")
    page.route("**/progress*", lambda route: route.abort())
    page.wait_for_selector("[data-offline]:visible")
    page.unroute("**/progress*")
    page.wait_for_selector(f"{RAN} >> text=succeeded")
    assert not page.locator("[data-offline]").is_visible()


def test_a_card_that_a_run_brings_is_there_without_reloading(page, enter, cast):
    started = rehearse.create_run(cast.contoso, Actor.person(cast.max, None))
    rehearsal = Rehearsal.get()
    enter(page, cast.max, f"/rehearsals/{rehearsal.id}")
    assert not page.locator("#lab").count()
    RehearsalSample.create(rehearsal=rehearsal, policy_type="configurationPolicies", graph_id="1", name="VPN")
    completion.fail(claimed(started), "worker_died", "The worker died.")
    page.wait_for_selector("#findings + #lab >> text=VPN")
