"""No page shows in English what the German catalog has: a text that a template forgets to translate is found here."""

import re
from html.parser import HTMLParser

import pytest

from tests.support import two_tenants
from web.translation.sentences import book_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# Code and what is typed stay as they are; the audit log shows codes, too.
_AS_IT_IS = {"script", "style", "code", "pre", "textarea"}
_NO_PAGE = re.compile(r"^/(api|audit|static|admin|metrics)|download|export")
# What a policy holds is shown in its own words.
_CONTENTS = {"Settings", "Password", "Group Zanzibar group"}
_ATTRIBUTES = ("title", "placeholder", "aria-label", "alt", "data-label")


class _Texts(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self._depth = [], 0

    def handle_starttag(self, tag, attrs):
        self._depth += tag in _AS_IT_IS
        self.found += [value for name, value in attrs if name in _ATTRIBUTES and value]

    def handle_endtag(self, tag):
        self._depth -= tag in _AS_IT_IS

    def handle_data(self, data):
        if not self._depth:
            self.found.append(" ".join(data.split()))


def texts(page):
    parser = _Texts()
    parser.feed(page)
    return {text for text in parser.found if text} - _CONTENTS


def test_no_page_leaves_in_english_what_the_catalog_has(app, client, sign_in, cast):
    held = two_tenants.hold(two_tenants.OWN, "Zanzibar", two_tenants.OWN_DIGITS, cast.root.password_hash)
    sign_in(client, cast.root)
    addresses = ["/nowhere"]
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and rule.arguments <= held.ids.keys() and not _NO_PAGE.search(rule.rule):
            addresses.append(re.sub(r"<(?:\w+:)?(\w+)>", lambda found: held.ids[found[1]], rule.rule))
    german, left = book_of("de"), {}
    for address in addresses:
        answer = client.get(address, headers={"Accept-Language": "de"})
        if answer.mimetype == "text/html":
            left |= {text: address for text in texts(answer.text) if german.translate(text) != text}
    assert len(addresses) > 50
    assert not left, "\n".join(f"{address}: {text}" for text, address in left.items())
