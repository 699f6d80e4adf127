"""`make screenshots`: every page of the demo at desktop and phone width, light and dark, for looking at.

The one that the README shows is kept in the repository; the rest goes to docs/screenshots/all.
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
    made = _capture(page, demo)
    for name, path in PAGES.items():
        page.goto(demo.address + path.format(**made))
        _shoot(page, name)
    page.set_viewport_size({"width": 1440, "height": 1150})
    page.emulate_media(color_scheme="light")
    page.goto(f"{demo.address}/snapshots/{made['snapshot']}")
    page.screenshot(path=FOLDER / "snapshot.png")


def _capture(page, demo) -> dict[str, str]:
    """Capture the first policy with assignments; {"policy", "run", "snapshot"} by number."""
    page.goto(f"{demo.address}/policies/?flt0_tenant_equals=2&search=BitLocker+Executives")
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
    page.goto(f"{demo.address}/tenants/2")
    page.click("text=Back up now")
    page.click("text=View run")
    page.wait_for_selector("text=succeeded", timeout=60_000)
    page.goto(f"{demo.address}/schedules/")
    page.click("main .filters button")
    return {"policy": policy, "run": run, "snapshot": page.url.rpartition("/")[2]}


def _shoot(page, name: str) -> None:
    for width, (across, down) in WIDTHS.items():
        page.set_viewport_size({"width": across, "height": down})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(300)  # colours fade from one scheme to the other
            page.screenshot(path=FOLDER / "all" / f"{name}-{width}-{scheme}.png", full_page=width == "desktop")


if __name__ == "__main__":
    sys.exit(main())
