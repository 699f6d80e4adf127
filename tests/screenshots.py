"""`make screenshots`: every page of the demo at desktop and phone width, light and dark, for looking at.

Those that the README shows are kept in the repository; the rest goes to docs/screenshots/all.
"""

import sys
import tempfile
from pathlib import Path

from tests.demo import ARGUMENTS, running_demo, sign_in
from tests.prerequisites import chromium

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
WIDTHS = {"desktop": (1440, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
# name -> address; the run, policy and snapshot are those the script makes.
PAGES = {
    "dashboard": "/",
    "tenants": "/tenants/",
    "tenant": "/tenants/2",
    "policies": "/policies/?search=Windows",
    "policy": "/policies/{policy}",
    "snapshot": "/snapshots/{snapshot}",
    "backup-sets": "/backup-sets/",
    "backup-set": "/backup-sets/1",
    "restores": "/restores/",
    "restore-start": "/restores/new",
    "restore-new": "/restores/new?backup_set=1",
    "restore": "/restores/{previewed}",
    "restore-blocked": "/restores/{previewed}?show=blocked",
    "restore-finished": "/restores/{finished}",
    "restore-undo": "/restores/{undo}",
    "restore-item": "/restores/{finished}/items/{item}",
    "mappings": "/tenants/1/mappings/",
    "mapping": "{mapping}",
    "run-of-restore": "/runs/{live}",
    "schedules": "/schedules/",
    "retention": "/tenants/2/retention?last=1&daily=2",
    "runs": "/runs/",
    "run": "/runs/{run}",
    "run-with-skips": "/runs/2",
    "notifications": "/notifications/",
    "audit": "/audit/",
    "users": "/users/",
    "user": "/users/3",
    "not-found": "/policies/999999",
}
CHOSEN = {"snapshot": PAGES["snapshot"], "restore": "/restores/{previewed}?show=update"}


def main() -> int:
    if chromium() is None:
        sys.stderr.write("No Chromium here: install the package chromium.\n")
        return 1
    from playwright.sync_api import sync_playwright

    with (
        tempfile.TemporaryDirectory() as folder,
        running_demo(Path(folder) / "data") as demo,
        sync_playwright() as driver,
    ):
        browser = driver.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        _shoot_everything(browser.new_page(viewport={"width": 1440, "height": 900}), demo)
        browser.close()
    return 0


def _shoot_everything(page, demo) -> None:
    page.goto(f"{demo.address}/sign-in")
    _shoot(page, "sign-in")
    sign_in(page, demo, "admin")
    made = _capture(page, demo) | _restore(page, demo)
    for name, path in PAGES.items():
        page.goto(demo.address + path.format(**made))
        _shoot(page, name)
    page.set_viewport_size({"width": 1440, "height": 1150})
    page.emulate_media(color_scheme="light")
    for name, path in CHOSEN.items():
        page.goto(demo.address + path.format(**made))
        page.screenshot(path=FOLDER / f"{name}.png")


def _capture(page, demo) -> dict[str, str]:
    """Capture the first policy with assignments; {"policy", "run", "snapshot"} by number."""
    page.goto(f"{demo.address}/policies/?tenant=2&search=BitLocker+Executives")
    while not page.locator("td a[href^='/policies/']").count():
        page.wait_for_timeout(1000)
        page.reload()
    page.locator("td a[href^='/policies/']").first.click()
    policy = page.url.rpartition("/")[2]
    page.click("text=Capture snapshot")
    page.click("text=View run")
    page.wait_for_selector("text=succeeded", timeout=60_000)
    run = page.url.rpartition("/")[2]
    page.locator("td a", has_text="Snapshot").click()
    page.wait_for_selector("text=Is it whole?")
    snapshot = _number(page)
    page.goto(f"{demo.address}/tenants/2")
    page.click("text=Back up now")
    page.click("text=View run")
    page.wait_for_selector("text=succeeded", timeout=60_000)
    page.goto(f"{demo.address}/schedules/")
    page.click("main .filters button")
    return {"policy": policy, "run": run, "snapshot": snapshot}


def _restore(page, demo) -> dict[str, str]:
    """The set in another tenant, previewed; a part of it there, written; and that undone, previewed."""
    _preview(page, demo)
    previewed = _number(page)
    page.click("text=Say what stands for it")
    made = {"previewed": previewed, "mapping": page.url.removeprefix(demo.address)}
    _preview(page, demo, "assignmentFilters", "configurationPolicies")
    page.fill("#name", page.locator("#execute label strong").first.inner_text())
    page.fill("#reason", "INC-4711: the tenant was set up anew")
    page.click("#execute button")
    page.wait_for_selector("text=Undo this restore", timeout=120_000)
    made["finished"] = _number(page)
    made["item"] = page.locator("#plan td a").nth(8).get_attribute("href").rpartition("/")[2]
    made["live"] = page.locator("td a[href^='/runs/']").first.get_attribute("href").rpartition("/")[2]
    page.click("text=Undo this restore")
    page.wait_for_selector("#execute", timeout=60_000)
    return made | {"undo": _number(page)}


def _preview(page, demo, *types: str) -> None:
    page.goto(f"{demo.address}/restores/new?backup_set=1")
    page.check("input[name=tenant][value='1']")
    page.check("input[name=assignments][value=exact]")
    if types:
        page.click("text=Choose policy types and policies")
    for one in types:
        page.check(f"input[name=type][value={one}]")
    page.click("main button.btn-lg")
    page.wait_for_selector("#execute", timeout=60_000)


def _number(page) -> str:
    return page.url.rpartition("/")[2].partition("#")[0]


def _shoot(page, name: str) -> None:
    for width, (across, down) in WIDTHS.items():
        page.set_viewport_size({"width": across, "height": down})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                sys.stderr.write(f"{name} scrolls sideways at {across} px.\n")
            page.wait_for_timeout(300)  # colours fade from one scheme to the other
            page.screenshot(path=FOLDER / "all" / f"{name}-{width}-{scheme}.png", full_page=width == "desktop")


if __name__ == "__main__":
    sys.exit(main())
