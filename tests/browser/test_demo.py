"""The first ten minutes of docs/tour.md, in the demo as it is."""

import re
import time

from playwright.sync_api import expect

from tests.support.demo import sign_in


def test_an_operator_signs_in_and_captures_a_snapshot(demo, new_page):
    page = new_page()
    sign_in(page, demo, "operator")
    page.goto(f"{demo.address}/policies/?search=Defender+Antivirus+-+Pilot")
    deadline = time.monotonic() + 300
    while not page.locator("td a").count():
        assert time.monotonic() < deadline, "the first sync never brought policies"
        page.wait_for_timeout(500)
        page.reload()
    page.locator("td a").first.click()
    page.wait_for_url(re.compile(r"/policies/\d+$"))
    name = page.locator("h1").inner_text()
    page.click("text=Capture snapshot")
    expect(page.locator(".alert")).to_contain_text("Started")
    page.click("text=View run")
    page.wait_for_selector(".progress-line >> text=succeeded", timeout=180_000)  # without reloading
    page.locator("td a", has_text="Snapshot").click()
    page.wait_for_selector("text=Completeness check")
    assert name in page.content()
    page.goto(f"{demo.address}/notifications/")
    assert name in page.locator(".news").inner_text()
    page.goto(f"{demo.address}/audit/")
    assert page.locator("h1").inner_text() == "You don't have access"
    assert [problem for problem in page.problems if "403" not in problem] == []


def test_a_manager_undoes_what_was_restored_into_another_tenant(demo, toured, new_page):
    """The tour previewed a set, confirmed and executed it in another tenant, and asked for the way back."""
    page = new_page()
    sign_in(page, demo, "manager")
    page.goto(f"{demo.address}/restores/{toured['finished']}")
    assert "10 changed" in page.locator("text=What was done >> xpath=..").inner_text()
    page.goto(f"{demo.address}/restores/{toured['undo']}")
    tenant = page.locator("#execute label strong").first.inner_text()
    page.fill("#name", "Contoso Health")
    page.fill("#reason", "INC-4711 was wrong")
    page.click("#execute button")
    refused = f"Type the name of the tenant that is written to: {tenant}"
    expect(page.locator(".alert").first).to_contain_text(refused)
    page.fill("#name", tenant)
    page.click("#execute button")
    page.wait_for_selector("text=What was done", timeout=180_000)  # without reloading
    expect(page.locator(".head")).to_contain_text("undone")
    page.goto(f"{demo.address}/audit/?action=policy%3Awritten")
    assert tenant in page.locator("tbody").inner_text()
    assert [problem for problem in page.problems if "400" not in problem] == []
