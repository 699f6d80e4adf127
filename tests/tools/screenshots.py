"""`make screenshots`: every page of the demo at desktop and phone width, light and dark, for looking at.

Those that the README shows are kept in the repository; the rest goes to docs/screenshots/all.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.support.demo import ARGUMENTS, running_demo, sign_in
from tests.support.page_walk import PAGES, prepare
from tests.tools.prerequisites import chromium

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
WIDTHS = {"desktop": (1440, 900), "phone": (390, 844)}
SCHEMES = ("light", "dark")
# name -> (address, height).
CHOSEN = {
    "dashboard": (PAGES["dashboard"], 1150),
    "policy": (PAGES["policy"], 760),
    "restore": ("/restores/{previewed}?show=update", 1000),
}


def main() -> int:
    argparse.ArgumentParser(prog="python -m tests.tools.screenshots", description=__doc__).parse_args()
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
    made = prepare(page, demo, is_whole=True)
    for name, path in PAGES.items():
        page.goto(demo.address + path.format(**made))
        _shoot(page, name)
    page.emulate_media(color_scheme="light")
    for name, (path, height) in CHOSEN.items():
        page.set_viewport_size({"width": 1440, "height": height})
        page.goto(demo.address + path.format(**made))
        page.wait_for_timeout(300)
        page.screenshot(path=FOLDER / f"{name}.png")


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
