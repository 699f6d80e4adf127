"""The keyboard alone: whatever it comes to is seen to have it."""

import pytest

from db.audit.audit import SYSTEM
from db.tenants import schedules

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# The most presses of Tab that a page is tried with.
MOST = 80
# A date's calendar is within its field, which has not the focus itself: the browser outlines that.
FOCUSED = """() => {
  const one = document.activeElement, style = getComputedStyle(one)
  const is_seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || !one.matches(':focus')
  return one === document.body ? null : [one.outerHTML.slice(0, 80), is_seen]
}"""


def test_whatever_tab_comes_to_is_outlined(enter, new_page, site, cast):
    schedules.add(cast.contoso, "0 2 * * *", "Europe/Berlin", SYSTEM)
    page = enter(new_page(), cast.root)
    for path in ("/changes/", "/schedules/", "/copies/new?kind=sftp", "/channels/"):
        page.goto(site + path)
        seen = []
        while len(seen) < MOST:
            page.keyboard.press("Tab")
            focused = page.evaluate(FOCUSED)
            if focused is None:
                break
            seen.append(focused)
        assert len(seen) > 20, path
        assert [html for html, is_seen in seen if not is_seen] == [], path
