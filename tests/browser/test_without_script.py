"""With JavaScript off: everything that matters is a link or a form, and a run's page refreshes itself."""

import pytest
from playwright.sync_api import expect

from db.models import Policy, RestoreItem, Run
from db.restores import restore_drafts
from tests.support.restore_steps import as_previewed, options, person

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def page(new_page):
    return new_page(java_script_enabled=False)


def test_signing_in_lists_capturing_and_following_the_run(page, enter, cast, graph, worker, quick):
    policy = Policy.get(Policy.tenant == cast.contoso)
    graph.fault(kind="delay", path=policy.graph_id, seconds=3, times=1)
    enter(page, cast.ada, "/policies/")
    page.fill("#search", policy.name)
    page.select_option("#state", "present")
    page.click(".filters button")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.click(f"tbody >> text={policy.name}")
    page.click("text=Capture snapshot")
    page.click("text=View run")
    page.wait_for_selector(".progress-line >> text=succeeded")  # by the page's own refresh
    page.click("dd >> text=Snapshot")
    page.wait_for_selector("text=Completeness check")


def test_the_tenant_the_columns_and_the_account(page, enter, cast, captured, site):
    enter(page, cast.max, "/policies/")
    page.click(".tenant-now")
    page.wait_for_selector("h1 >> text=Choose a tenant")
    page.click("button:has-text('Contoso')")
    page.wait_for_url(f"{site}/policies/")
    assert "of Contoso" in page.locator(".head").inner_text()
    page.click(".acts details summary")
    page.check("text=Platform")
    page.click("text=Show these")
    expect(page.locator("thead")).to_contain_text("Platform")
    page.click(".top details summary")
    page.click("text=Sign out")
    page.wait_for_url(f"{site}/sign-in")


def test_on_a_phone_the_menu_is_there(new_page, enter, cast):
    page = new_page(java_script_enabled=False, viewport={"width": 390, "height": 800})
    enter(page, cast.ada)
    page.click("nav >> text=Runs")
    expect(page.locator("h1")).to_have_text("Runs")


def test_on_a_phone_an_operator_asks_and_a_manager_confirms_below_the_plan(new_page, enter, cast, captured, site):
    items = restore_drafts.new_items_from_snapshots([captured[0][2], captured[1][2]])
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "two snapshots")
    draft = restore_drafts.create(cast.contoso, source, items, options(), person(cast.ada.id))
    RestoreItem.update(action="update", differences=1).execute()
    restore = as_previewed(draft)
    Run.create(tenant=cast.contoso, kind="restore.preview", state="succeeded", restore_id=restore.id, dedupe_key="x")
    phone = {"java_script_enabled": False, "viewport": {"width": 390, "height": 844}}
    operator, manager = new_page(**phone), new_page(**phone)
    enter(operator, cast.ada, f"/restores/{restore.id}")
    assert operator.locator(".btn-danger:not(.acts *)").count() == 0
    assert operator.locator("#ask code").inner_text() == f"{site}/restores/{restore.id}"
    operator.click("text=Ask them")
    operator.wait_for_selector("text=Asked: Max.")
    enter(manager, cast.max, "/notifications/")
    manager.click("li:has-text('Ada asks you to confirm') >> .news-acts a")
    manager.wait_for_url(f"{site}/restores/{restore.id}")
    plan, red = (manager.locator(one).bounding_box()["y"] for one in ("#plan", "#execute .btn-danger"))
    assert plan < red
    manager.fill("#name", " cONTOSO ")
    manager.fill("#reason", "INC-4711")
    manager.click("text=Restore 2 policies to Contoso")
    manager.wait_for_selector(".progress-line")
    assert Run.get(Run.kind == "restore.live").requested_by == cast.max
