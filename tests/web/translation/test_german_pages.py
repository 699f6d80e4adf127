"""No page shows in English what the German catalog has: a text that a template forgets to translate is found here."""

import re
from html.parser import HTMLParser

import pytest

from db.models import Restore
from tests.support import two_tenants
from web.translation.sentences import book_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# Code and what is typed stay as they are; the audit log shows codes, too.
_AS_IT_IS = {"script", "style", "code", "pre", "textarea"}
_PLAIN = {"time", "title", "option"}
_NO_PAGE = re.compile(r"^/(api|audit|static|admin|metrics)|download|export")
# What a policy holds is shown in its own words.
_CONTENTS = {"Settings", "Password", "Group Zanzibar group"}
# How Graph calls them: words of ours on other pages.
_PROPERTIES = {"description", "name", "password"}
_ATTRIBUTES = ("title", "placeholder", "aria-label", "alt", "data-label")


# A time in UTC: only `<time>` turns it into the zone of the reader. Titles, choices and what is only heard cannot.
_UTC = re.compile(r"\d\d:\d\d(:\d\d)? UTC\b")


class _Texts(HTMLParser):
    """`in_utc`: what has a time that stays in UTC, whatever the reader's zone."""

    def __init__(self, page):
        super().__init__()
        self.found, self.in_utc, self._within = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in _AS_IT_IS | _PLAIN or ("class", "sr-only") in attrs:
            self._within.append(tag)
        self.found += [value for name, value in attrs if name in _ATTRIBUTES and value]

    def handle_endtag(self, tag):
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data):
        if not _AS_IT_IS & {*self._within}:
            self.found.append(" ".join(data.split()))
        if not self._within and _UTC.search(data):
            self.in_utc.append(data.strip())

    def texts(self):
        return {text for text in self.found if text} - _CONTENTS


def test_no_page_leaves_in_english_what_the_catalog_has_or_in_utc_what_is_a_time(app, client, sign_in, cast):
    held = two_tenants.hold(two_tenants.OWN, "Zanzibar", two_tenants.OWN_DIGITS, cast.root.password_hash)
    Restore.update(source_name="Zanzibar Ltd, as it was at 2026-11-28 08:00 UTC").execute()
    sign_in(client, cast.root)
    addresses = ["/nowhere"]
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.arguments <= held.ids.keys() and not _NO_PAGE.search(rule.rule):
            addresses.append(re.sub(r"<(?:\w+:)?(\w+)>", lambda found: held.ids[found[1]], rule.rule))
    german, left, in_utc = book_of("de"), {}, []
    for address in addresses:
        answer = client.get(address, headers={"Accept-Language": "de"})
        if answer.mimetype == "text/html":
            page = _Texts(answer.text)
            own_words = _PROPERTIES if address.startswith("/snapshots/") else set()
            left |= {text: address for text in page.texts() - own_words if german.translate(text) != text}
            in_utc += [(address, text) for text in page.in_utc]
    assert len(addresses) > 50
    assert not left, "\n".join(f"{address}: {text}" for text, address in left.items())
    assert not in_utc, "\n".join(map(str, in_utc))
