"""How values read: never an error, and never markup that came from the value."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.facade.snapshot_diff import Difference
from tests.support.strategies import json, texts
from web.presentation import formatters


def test_only_addresses_in_intune_become_links():
    shown = formatters.link_intune_addresses(
        'Wait: https://intune.microsoft.com/#view/x/~/requests. <b> https://evil.example/ "'
    )
    assert '<a href="https://intune.microsoft.com/#view/x/~/requests" rel="noopener noreferrer">' in shown
    assert shown.count("<a ") == 1
    assert "&lt;b&gt;" in shown


def test_a_count_has_its_noun_in_the_right_number():
    assert [formatters.count_text(count, "run") for count in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]


@pytest.mark.parametrize(
    ("policy_type", "name", "shown"),
    [
        ("deviceManagementScripts", "Remove consumer Teams", "Remove consumer Teams"),
        ("deviceManagementScripts", "PowerShell script", "PowerShell-Skript"),
        ("conditionalAccessPolicies", "Group", "Group"),
        ("contents", "Contents 1 to 5", "Inhalte 1 bis 5"),
        (None, "Back up", "Sichern"),
        (None, None, ""),
        ("conditionalAccessPolicies", None, ""),
    ],
)
def test_a_policy_keeps_its_own_name_and_what_is_none_is_called_in_the_readers_language(app, policy_type, name, shown):
    with app.test_request_context(headers={"Accept-Language": "de"}):
        assert formatters.item_name(name, policy_type) == shown


markup = st.sampled_from(["<b x=1>", '"><i>', "' on=1 '", "&lt;", "https://intune.microsoft.com/", "<", "javascript:"])
said = st.lists(texts | markup, max_size=5).map("".join)


class _Read(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, {name for name, _ in attributes}))

    def handle_data(self, data):
        self.text += data


@given(said)
def test_a_text_stays_text_but_for_links_of_ours(value):
    for shown in (formatters.link_intune_addresses(value), formatters.state_badge(value)):
        known = {("a", ("href", "rel")), ("span", ("class",)), ("i", ("aria-hidden", "class"))}
        assert {(tag, tuple(sorted(names))) for tag, names in _Read(str(shown)).tags} <= known
    assert _Read(str(formatters.link_intune_addresses(value))).text.replace("\r", "\n") == value.replace("\r", "\n")


@given(st.datetimes(), st.datetimes())
def test_every_moment_and_span_can_be_said(one, other):
    assert str(one.year) in formatters.datetime_html(one)
    assert "ago" in formatters.time_ago_html(one)
    assert formatters.duration(one, other)
    assert formatters.duration(None, other) == "–"


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_a_longer_span_never_reads_as_a_shorter_one(one, other):
    """What is said is at most what it is, to the unit below the largest."""
    sizes = {"day": 86400, "days": 86400, "h": 3600, "min": 60, "s": 1}
    for seconds in (one, other):
        words = formatters.seconds_text(seconds).split()
        told = sum(int(number) * sizes[unit] for number, unit in zip(words[::2], words[1::2], strict=True))
        assert told <= seconds < told + max(3600 if seconds >= 86400 else 60 if seconds >= 3600 else 1, 1)


@given(st.integers(0, 2**60))
def test_every_size_is_said_in_its_unit(count):
    size, unit = formatters.file_size(count).split()
    power = ["B", "KB", "MB", "GB", "TB"].index(unit)
    assert abs(float(size) * 1024**power - count) <= 0.05 * 1024**power + 1
    assert unit == "TB" or float(size) <= 1024
    assert unit == "B" or float(size) >= 1


def test_a_size_has_the_readers_decimal_point(app):
    with app.test_request_context(headers={"Accept-Language": "de"}):
        assert formatters.file_size(3 * 1024**3 // 2) == "1,5 GB"


@given(json, json, st.sampled_from(["added", "removed", "changed"]), said)
def test_every_difference_and_detail_is_a_short_line(before, after, kind, label):
    one = Difference((label,), label, kind, before, after)
    for count in (1, 6):
        assert (
            len(formatters.change_summary([one] * count))
            < 2 * len(label) * formatters.NAMES_SHOWN + 3 * formatters.LONGEST_VALUE + 60
        )
    assert isinstance(formatters.audit_detail(before), str)
    assert isinstance(formatters.browser_name(label), str)
    assert isinstance(formatters.kind_title(label), str)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_times_in_a_sentence_are_shown_in_the_readers_zone(app):
    with app.test_request_context("/"):
        shown = formatters.with_times("<b>Contoso</b>, as it was at 2026-03-01 12:00 UTC, and 2026-99-01 12:00 UTC")
        assert shown.startswith('&lt;b&gt;Contoso&lt;/b&gt;, as it was at <time datetime="2026-03-01T12:00:00Z"')
        assert shown.endswith("2026-03-01 12:00 UTC</time>, and 2026-99-01 12:00 UTC")
        assert formatters.with_times(shown) == shown


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_message_shows_its_times_in_the_readers_zone(client, sign_in, cast):
    sign_in(client, cast.root)
    with client.session_transaction() as session:
        session["_flashes"] = [("success", "Contoso goes on 2026-12-06 00:01 UTC.")]
    page = client.get("/account/").get_data(as_text=True)
    assert 'Contoso goes on <time datetime="2026-12-06T00:01:00Z"' in page
