"""Every page of a tour through the demo, asked by axe: light and dark, on a desk and on a phone."""

from axe_playwright_python.base import AXE_SCRIPT

from tests.support.demo import sign_in
from tests.support.page_walk import PAGES

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
ALL_BUT_COLOURS = {**RULES, "rules": {"color-contrast": {"enabled": False}}}
# Another width has other sizes, and shows and hides other parts; another scheme has other colours, and nothing else.
SIZES = {"runOnly": {"type": "rule", "values": ["target-size", "scrollable-region-focusable", "meta-viewport"]}}
WIDTHS = {390: SIZES, 1440: ALL_BUT_COLOURS}
SCHEMES = ("light", "dark")


# What passed is not told: it is as long as the page.
ASK = """async rules => (await axe.run(document, {...rules, resultTypes: ['violations']}))
  .violations.map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`)"""
# Contrast is most of what axe takes: it is asked of those that look as nothing did that it has answered for. Text and
# what lies behind it, in the same colours and of the same size, has the same contrast wherever it stands.
ASK_NEW_COLOURS = """async ([rules, known]) => {
  const seen = new Set(known), look = new Map()
  for (const one of document.querySelectorAll('body, body *')) {
    const hasText = [...one.childNodes].some(child => child.nodeType === Node.TEXT_NODE && child.data.trim())
    const box = one.getBoundingClientRect()
    if (!(hasText || one.matches('input, select, textarea')) || box.width < 2 || box.height < 2) continue
    if (!one.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue
    const text = getComputedStyle(one), parts = [text.color, text.fontSize, text.fontWeight, text.textShadow]
    parts.push(one.localName, one.closest(':disabled, [aria-disabled=true], label') !== null)
    for (let behind = one; behind; behind = behind.parentElement) {
      const style = getComputedStyle(behind)
      parts.push([style.backgroundColor, style.backgroundImage, style.opacity, style.clip, style.clipPath,
                  style.filter, style.mixBlendMode].join())
    }
    const words = parts.filter((part, place) => part !== parts[place - 1]).join(' ')
    if (!seen.has(words)) look.set(one, words)
  }
  if (!look.size) return [[], []]
  const options = {...rules, elementRef: true, resultTypes: ['violations', 'incomplete']}
  const told = await axe.run({include: [...look.keys()]}, options)
  // What could not be told, under something else perhaps, is asked again where it stands otherwise.
  const untold = new Set(told.incomplete.flatMap(one => one.nodes.map(node => look.get(node.element))))
  return [told.violations.map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`),
          [...new Set(look.values())].filter(words => !untold.has(words))]
}"""


def violations(page, rules=RULES):
    """Each as its rule and the first element that breaks it."""
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(ASK, rules)
    return found


def contrast_violations(page, known, scheme):
    """Those of a page in the light or the dark, of what looks as nothing `known` does, which is added to."""
    page.emulate_media(color_scheme=scheme)
    found, looks = page.evaluate(ASK_NEW_COLOURS, [COLOURS, sorted(known)])
    known.update(looks)
    return found


def test_no_page_keeps_anybody_out(demo, toured, new_page):
    page, found, known = new_page(reduced_motion="reduce"), {}, set()  # colours do not fade between the schemes
    page.goto(f"{demo.address}/sign-in")
    found["sign-in"] = violations(page)
    sign_in(page, demo, "admin")
    for name, path in PAGES.items():
        answer = page.goto(demo.address + path.format(**toured))
        assert answer.status == (404 if name in ("not-found", "consent-link-over") else 200), name
        for width, rules in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": 900})
            found[f"{name}, {width} px"] = violations(page, rules)
        for scheme in SCHEMES:
            found[f"{name}, {scheme}"] = contrast_violations(page, known, scheme)
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


def test_what_only_one_scheme_makes_hard_to_read_is_found_where_it_first_looks_so(new_page):
    page, known = new_page(reduced_motion="reduce"), set()
    page.set_content("""<html lang="en"><style>
      body { color: #111; background: #fff } .faint { color: #222 } .pale { color: #ddd }
      @media (prefers-color-scheme: dark) { body { color: #eee; background: #000 } .card { background: #fff } }
    </style><body><p>Words</p><p class="other">Words</p></body></html>""")
    assert violations(page, COLOURS) == []
    assert [contrast_violations(page, known, scheme) for scheme in SCHEMES] == [[], []]
    assert known
    # The same text before another colour, and another text before the same.
    for worse, where in (("card", "dark"), ("faint", "dark"), ("pale", "light")):
        page.locator(".other").evaluate("(one, worse) => one.className = `other ${worse}`", worse)
        found = {scheme: contrast_violations(page, known, scheme) for scheme in SCHEMES}
        assert [scheme for scheme in SCHEMES if found[scheme]] == [where]
        assert found[where][0].startswith('color-contrast: <p class="other')
