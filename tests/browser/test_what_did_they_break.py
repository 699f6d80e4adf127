"""Somebody broke something: from signing in to “nothing is open”, on a phone, by somebody who never saw it."""

import re
import time

import pytest

import actors.backups.back_up
from db.audit.audit import SYSTEM
from db.models import RestoreItem
from tests.support.simulated_tenant import WRITE, catalog_policy, conditional_access

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CATALOG, DEVICE = "deviceManagement/configurationPolicies", "deviceManagement/deviceConfigurations"
CA = "identity/conditionalAccess/policies"
MOST_TAPS, MOST_PAGES = 8, 6
LATER = "2026-01-31T09:00:00Z"
DEVICE_POLICY = {
    "@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
    "id": "d0000001-0000-4000-8000-000000000000",
    "displayName": "Kiosk devices",
    "description": "",
    "passwordRequired": True,
    "roleScopeTagIds": ["0"],
    "createdDateTime": "2025-04-18T11:09:03Z",
    "lastModifiedDateTime": "2025-04-18T11:09:03Z",
    "assignments": [],
}


class Phone:
    """A person with a phone: what they tap is counted, and every page that they wait for."""

    def __init__(self, page):
        self.page, self.taps, self.pages = page, [], []
        page.on("framenavigated", lambda frame: self._note(frame.url))

    def _note(self, url):
        path = re.sub(r"^https?://[^/]+|[?#].*$", "", url)
        if not self.pages or self.pages[-1] != path:
            self.pages.append(path)

    def tap(self, selector):
        self.taps.append(selector)
        self.page.locator(selector).first.click()

    def type(self, selector, text):
        self.tap(selector)
        self.page.keyboard.type(text)


@pytest.fixture
def broken(graph, worker, quick, ended, cast):
    """Contoso, backed up; then somebody else disabled a rule of sign-in, deleted a policy and changed another one."""
    graph.change(permissions=WRITE)
    for path, items in conditional_access(2, 1, 1).items():
        for item in items:
            graph.put(path, item)
    graph.put(DEVICE, DEVICE_POLICY)
    ended(actors.backups.back_up.start(cast.contoso, SYSTEM).run.id)
    before = graph.objects()
    rule, catalog = next(iter(before[CA].values())), next(iter(before[CATALOG].values()))
    graph.put(CA, {**rule, "state": "disabled", "modifiedDateTime": LATER})
    graph.delete(DEVICE, DEVICE_POLICY["id"])
    changed = catalog_policy(catalog["id"], catalog["name"])
    changed["settings"][1]["settingInstance"]["simpleSettingValue"]["value"] = 99
    graph.put(CATALOG, {**changed, "lastModifiedDateTime": LATER})
    return graph, before


def test_what_was_broken_is_found_put_back_and_verified_in_a_few_taps(new_page, enter, cast, broken, capsys):
    graph, before = broken
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    enter(page, cast.max)
    phone, began = Phone(page), time.monotonic()
    phone.pages.append("/")
    phone.tap("#tenants td[data-label='Changed since'] a")
    phone.tap("text=Look now")
    page.wait_for_selector("text=/3 policies are not as in the backup of/", timeout=180_000)  # by itself
    said = page.locator(".changes").inner_text()
    assert said.index("CA000") < said.index("Kiosk devices"), "what decides who can sign in comes first"
    assert "enabled → disabled" in said
    assert "Deleted from the tenant." in said
    assert "1 → 99" in said
    phone.tap("label:has-text('All 3 that can be put back')")
    phone.tap("text=Put back what is ticked")
    page.wait_for_selector("#execute button", timeout=180_000)  # by itself
    phone.type("#name", "contoso")
    phone.type("#reason", "INC-4711")
    phone.tap("#execute button")
    page.wait_for_selector("text=What is still open?", timeout=180_000)  # by itself
    assert [item.verified for item in RestoreItem.select()] == [True, True, True]
    phone.tap("text=What is still open?")
    page.wait_for_selector("text=/everything that was looked at is as in the backup of/")
    seconds = time.monotonic() - began
    with capsys.disabled():
        print(f"\n{len(phone.taps)} taps, {len(phone.pages)} pages, {seconds:.0f} s: {' → '.join(phone.pages)}")
    assert len(phone.taps) <= MOST_TAPS
    assert len(phone.pages) <= MOST_PAGES
    assert_as_before(graph.objects(), before)
    assert page.problems == []


def assert_as_before(now, before):
    assert [one["state"] for one in now[CA].values()] == [one["state"] for one in before[CA].values()]
    assert [one["displayName"] for one in now[DEVICE].values()] == ["Kiosk devices"]
    for graph_id, policy in before[CATALOG].items():
        assert now[CATALOG][graph_id]["settings"] == policy["settings"]
