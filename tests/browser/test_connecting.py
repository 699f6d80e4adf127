"""The whole story of connecting a tenant, in Chromium, against the simulator's page of consent."""

import time

import pytest
from playwright.sync_api import expect

from actors.connecting import connect
from db.models import Tenant
from tests.support.consenting import CUSTOMER, OTHER, register_apps
from tests.support.simulated_tenant import READ

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("quick"),
]


@pytest.fixture
def directories(site, simulator, monkeypatch):
    monkeypatch.setattr(connect, "WAITS", (0.5,) * 20)
    return register_apps(simulator, site, [role for role in READ if "Scripts" not in role])


def wanted(page, site, name):
    """Make a link for the customer's directory, and wait on the page of the request. Return the link."""
    page.goto(f"{site}/tenants/connect")
    page.fill("#link-name", name)
    page.fill("#link-directory", CUSTOMER)
    page.click("text=Make the link")
    link = page.locator(".connect-link code").inner_text()
    page.click("text=Wait for the answer")
    return link


def test_an_empty_installation_gets_a_tenant_that_is_backed_up(site, enter, new_page, directories, worker, ended, cast):
    """Refused first, by another directory next, then by the right one, late and with a permission missing."""
    Tenant.delete().execute()
    began = time.monotonic()
    page, theirs = enter(new_page(), cast.root), new_page()
    for each in (page, theirs):
        each.set_default_timeout(180_000)  # the machine may be busy
    page.click("text=Connect the first tenant")
    link = wanted(page, site, "Tailspin")
    theirs.goto(link)
    theirs.click("text=Go on to Microsoft")
    theirs.click("text=Cancel")
    expect(theirs.locator("main")).to_contain_text("The administrator declined")
    page.wait_for_selector("text=The administrator declined")  # without a click
    theirs.goto(link)
    theirs.click("text=Go on to Microsoft")
    theirs.click("text=Accept for Other")
    expect(theirs.locator("main")).to_contain_text("Another directory answered")
    page.wait_for_selector(f"text={OTHER}")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.click("text=Reject it")
    directories.customer.change(flags={"app_known_after_s": 1, "roles_after_s": 2})
    theirs.goto(wanted(page, site, "Tailspin"))
    theirs.click("text=Go on to Microsoft")
    theirs.click("text=Accept for Tailspin Toys")
    expect(theirs.locator("main")).to_contain_text("the rest goes on by itself")
    page.wait_for_selector("text=Connected and backed up", timeout=240_000)
    said = page.locator("#permissions").inner_text()
    assert "Not granted: DeviceManagementScripts.Read.All" in said
    assert "Can be backed up." in said
    print(f"from an empty installation to a backed-up tenant: {time.monotonic() - began:.0f} s")
    assert [problem for problem in (*page.problems, *theirs.problems) if "40" not in problem] == []
