"""Every page of a tour through the demo, asked by axe: light and dark, on a desk and on a phone."""

from axe_playwright_python.base import AXE_SCRIPT

from tests.support.demo import sign_in
from tests.support.page_walk import PAGES

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# Another scheme has other colours, and nothing else; another width has other sizes, and shows and hides other parts.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
SIZES = {"runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable", "meta-viewport"]}}
LOOKS = ((1440, "light", RULES), (1440, "dark", COLOURS), (390, "light", SIZES))


# What passed is not told: it is as long as the page.
ASK = """async rules => (await axe.run(document, {...rules, resultTypes: ['violations']}))
  .violations.map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`)"""


def violations(page, rules=RULES):
    """Each as its rule and the first element that breaks it."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(ASK, rules)
    return found


def test_no_page_keeps_anybody_out(demo, toured, new_page):
    page, found = new_page(reduced_motion="reduce"), {}  # colours do not fade from one scheme to the other
    page.goto(f"{demo.address}/sign-in")
    found["sign-in"] = violations(page)
    sign_in(page, demo, "admin")
    for name, path in PAGES.items():
        answer = page.goto(demo.address + path.format(**toured))
        assert answer.status == (404 if name in ("not-found", "consent-link-over") else 200), name
        for width, scheme, rules in LOOKS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            found[f"{name}, {width} px, {scheme}"] = violations(page, rules)
    assert {name: broken for name, broken in found.items() if broken} == {}


def test_what_opens_over_a_page_keeps_nobody_out_either(demo, new_page):
    page = new_page()
    sign_in(page, demo, "admin")
    page.goto(f"{demo.address}/policies/")
    for opener in (".acts details summary", ".top details summary", ".tenant-now", ".search-open"):
        page.locator(opener).last.click()
        page.wait_for_timeout(300)
        assert violations(page) == [], opener
        page.keyboard.press("Escape")
