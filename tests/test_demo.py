"""From `make run` to a captured policy in a real browser."""

import sqlite3
import time
from pathlib import Path

import pytest

from tests import servers
from tests.demo import ARGUMENTS, descendants, running_demo, sign_in
from tests.prerequisites import chromium

pytestmark = pytest.mark.xdist_group("demo")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture(scope="module")
def demo(data):
    with running_demo(data) as running:
        yield running


@pytest.fixture
def page():
    if chromium() is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        made = browser.new_page(viewport={"width": 1440, "height": 900})
        made.problems = []
        made.on("console", lambda line: made.problems.append(line.text) if line.type in {"error", "warning"} else None)
        made.on("pageerror", lambda error: made.problems.append(str(error)))
        yield made
        browser.close()


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.browser
def test_an_operator_signs_in_and_captures_a_snapshot(demo, page):
    sign_in(page, demo, "operator")
    page.goto(f"{demo.address}/policies/?search=Defender+Antivirus+-+Pilot")
    deadline = time.monotonic() + 30
    while not page.locator("td a").count():
        assert time.monotonic() < deadline, "the first sync never brought policies"
        page.wait_for_timeout(500)
        page.reload()
    page.locator("td a").first.click()
    name = page.locator("h1").inner_text()
    page.click("text=Capture snapshot")
    assert "started" in page.locator(".alert").inner_text()
    page.click("text=View run")
    page.wait_for_selector("text=succeeded", timeout=15000)  # without reloading
    page.locator("td a", has_text="Snapshot").click()
    page.wait_for_selector("text=Is it whole?")
    assert name in page.content()
    page.goto(f"{demo.address}/notifications/")
    assert name in page.locator(".news").inner_text()
    page.goto(f"{demo.address}/audit/")
    assert page.locator("h1").inner_text() == "This is not yours to see or do"
    assert [problem for problem in page.problems if "403" not in problem] == []


@pytest.mark.browser
def test_a_manager_restores_into_another_tenant_and_undoes_it(demo, page):
    sign_in(page, demo, "manager")
    page.goto(f"{demo.address}/tenants/2")
    page.click("text=Back up now")
    page.click("text=View run")
    page.wait_for_selector("text=succeeded", timeout=60_000)
    page.goto(f"{demo.address}/backup-sets/1")
    page.click("main >> text=Restore")
    page.check("text=Fabrikam Logistics")
    page.check("text=Restore exactly as captured")
    page.click("text=Choose policy types and policies")
    page.check("input[name=type][value=deviceConfigurations]")
    page.click("main button.btn-lg")
    page.wait_for_selector("#execute", timeout=60_000)
    address = page.url
    page.fill("#name", "Contoso Health")
    page.fill("#reason", "INC-4711")
    page.click("#execute button")
    assert "Type the name of the tenant that is written to: Fabrikam Logistics" in page.locator(".alert").inner_text()
    page.fill("#name", "Fabrikam Logistics")
    page.click("#execute button")
    page.wait_for_selector("text=Undo this restore", timeout=60_000)  # without reloading
    assert "finished" in page.locator(".head").inner_text()
    page.click("text=Undo this restore")
    page.wait_for_selector("#execute", timeout=60_000)
    assert page.url != address
    page.fill("#name", "Fabrikam Logistics")
    page.fill("#reason", "INC-4711 was wrong")
    page.click("#execute button")
    page.wait_for_selector("text=What was done", timeout=60_000)
    page.goto(f"{demo.address}/audit/?action=policy%3Awritten")
    assert "Fabrikam Logistics" in page.locator("tbody").inner_text()
    assert [problem for problem in page.problems if "400" not in problem] == []


@pytest.mark.browser
def test_no_page_is_wider_than_a_phone(demo, page):
    sign_in(page, demo, "admin")
    page.set_viewport_size({"width": 390, "height": 800})
    for path in ("/", "/tenants/", "/tenants/1", "/policies/", "/policies/1", "/runs/", "/runs/1", "/notifications/",
                 "/audit/", "/users/", "/users/1", "/restores/", "/restores/new?backup_set=1", "/restores/1",
                 "/tenants/1/mappings/"):  # fmt: skip
        page.goto(demo.address + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_it_stops_with_all_its_children_and_a_second_start_keeps_the_data(tmp_path):
    data = tmp_path / "data"
    with running_demo(data) as first:
        below = descendants(first.process.pid)
        assert len(below) >= 8
    servers.wait_for(lambda: not any(is_running(pid) for pid in below), "The end of every child", seconds=5)
    key = (data / "encryption-keys").read_text()
    began = time.monotonic()
    with running_demo(data) as second:
        assert time.monotonic() - began < 30
        assert second.sign_in_of("reader") == ("reader@demo.example", "demo reader password")
    assert (data / "encryption-keys").read_text() == key
    with sqlite3.connect(data / "tenantkeep.db") as connection:
        assert connection.execute("SELECT COUNT(*) FROM users").fetchone() == (5,)
        assert connection.execute("SELECT COUNT(*) FROM tenant").fetchone() == (3,)
    connection.close()
