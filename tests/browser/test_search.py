"""The search and the choice of a tenant by keyboard and on a phone."""

import pytest

# How a page is drawn, and what keys do, is asked of no database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

PHONE = {"viewport": {"width": 390, "height": 800}}


def test_the_search_opens_by_keyboard_and_enter_takes_the_marked_hit(page, enter, cast, captured, site):
    enter(page, cast.max, "/runs/")
    for key in ("Control+k", "/"):
        page.keyboard.press(key)
        page.wait_for_selector("#chooser[open] #search-everything")
        assert page.evaluate("document.activeElement.id") == "search-everything"
        page.keyboard.press("Escape")
        page.wait_for_selector("#chooser[open]", state="hidden")
    page.keyboard.press("/")
    page.fill("#search-everything", "contoso policy")
    page.wait_for_selector("[data-hit][aria-selected=true]")
    page.keyboard.press("ArrowDown")
    marked = page.get_attribute("[aria-selected=true]", "href")
    assert page.locator("[aria-selected=true]").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url(site + marked)
    # An act is a button among the others.
    page.keyboard.press("Control+k")
    page.fill("#search-everything", "sync contoso")
    page.wait_for_selector("form[role=presentation] > button[role=option][aria-selected=true]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".alert >> text=started")


def test_enter_takes_the_only_tenant_that_was_found(page, enter, cast, captured, site):
    enter(page, cast.root, "/runs/")
    page.click(".tenant-now")
    page.fill("#tenant-search", "fabr")
    page.keyboard.press("Enter")
    page.wait_for_selector(".tenant-words >> text=Fabrikam")


def test_on_a_phone_there_is_one_header_and_acts_are_within_reach(new_page, enter, cast, captured, site):
    page = new_page(**PHONE)
    enter(page, cast.max)
    for path in ("/", "/runs/", f"/tenants/{cast.contoso.id}", f"/policies/{captured[0][0].id}", "/notifications/"):
        page.goto(site + path)
        assert page.locator("header").bounding_box()["height"] < 80, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        search = page.locator(".search-open").bounding_box()
        assert search["y"] > 700, path
        assert min(search["width"], search["height"]) >= 44, path
        acts = page.locator(".head > .acts")
        first, number = acts.locator("> .btn-primary, > form .btn-primary"), acts.locator("> *").count()
        in_reach = first if first.count() else acts
        if first.count() or number == 1:
            # Where there are many, the one that matters most stays in reach, and the others below the title.
            assert in_reach.first.bounding_box()["y"] > 600, path
            assert in_reach.first.bounding_box()["height"] <= 64, path
        foot = page.evaluate("getComputedStyle(document.body, '::after').content")
        assert (foot == "none") == (not first.count()), f"a foot of nothing takes a tenth of the page: {path}"
        page.click("[data-menu]")
        assert page.locator("#menu a").first.bounding_box()["height"] >= 24, path


def test_on_a_phone_links_and_ticks_of_lists_are_large_enough_for_a_finger(new_page, enter, cast, captured, site):
    page = new_page(**PHONE)
    enter(page, cast.max)
    for path in ("/policies/", "/runs/", "/backup-sets/", "/restores/", "/tenants/", "/notifications/"):
        page.goto(site + path)
        boxes = page.evaluate(
            """() => [...document.querySelectorAll("main td a, main td input, .crumbs a, .news a")]
            .filter((one) => one.offsetParent).map((one) => [one.textContent || one.name, ...["width", "height"]
            .map((side) => one.getBoundingClientRect()[side])])"""
        )
        assert [box for box in boxes if min(box[1:]) < 24] == [], path
