"""Where a form may lead back to is only ever ours, as browsers read addresses."""

from datetime import datetime
from urllib.parse import urljoin, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from db.names import work_names
from db.names.work_names import Name
from tests.support.strategies import texts
from web.presentation.links import numbered, safe_redirect_path

OURS = "https://tenantkeep.example/sign-in"
# What browsers, other than the standard library, do not mind: slashes either way, and what they leave out.
pieces = st.sampled_from(["/", "\\", "//", "evil.example", "@", ":", "http:", "https:", "javascript:", ".", "..", "%2f",
                          "%5c", "\t", "\n", "\r", " ", "?", "#", "[", "]", ";", "runs", "\x00",
                          "\u2028", "／", "。"])  # fmt: skip
addresses = st.lists(pieces, max_size=6).map("".join)


def as_browsers_read(address):
    """The WHATWG rules that matter: without tabs, line ends, and blanks at the ends; backslashes are slashes."""
    bare = "".join(character for character in address if character not in "\t\r\n").strip("".join(map(chr, range(33))))
    return bare.replace("\\", "/")


@given(texts | addresses | addresses.map(lambda address: f"/{address}"))
@example("/\\evil.example")
@example("/\t/evil.example")
@example("///evil.example")
@example("http://[")
def test_no_text_leads_to_another_site(text):
    found = safe_redirect_path(text)
    assert found in ("", text)
    if found:
        there = urlsplit(urljoin(OURS, as_browsers_read(found)))
        assert (there.scheme, there.netloc) == ("https", "tenantkeep.example")
        assert as_browsers_read(found)[1:2] != "/", "nor one that only a server's own rewriting keeps here"


def test_a_place_of_ours_is_kept():
    for place in ("/", "/runs/?state=unwell&since=2026-01-01", "/policies/7#history"):
        assert safe_redirect_path(place) == place


def test_a_title_names_in_the_readers_language_and_with_its_number(app):
    name = Name(work_names.RUN, 41, "Backup of {at}", {"at": datetime(2026, 3, 1, 12, 0)})
    with app.test_request_context(headers={"Accept-Language": "de"}):
        assert numbered(name) == "Sicherung vom 01.03.26, 12:00 UTC (Lauf 41)"
    with app.test_request_context():
        assert numbered(name) == name.numbered
