"""Names that others gave, on one line; times on a rule's clock."""

from datetime import datetime

import pytest

from actors.notices.plain_text import plain, short_time


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("MFA for admins", "MFA for admins"),
        ("a\r\nb\t c\u2028d", "a b c d"),
        ("exe\u202egnp", "exe⟨U+202E⟩gnp"),
        ("x" * 200, "x" * 119 + "…"),
        (4, "4"),
    ],
)
def test_a_name_is_one_line_without_tricks(name, shown):
    assert plain(name) == shown


def test_a_time_names_its_zone_and_another_year():
    assert short_time(datetime(2020, 7, 1, 22, 30), "Europe/Vienna") == "2 Jul 2020 00:30 Vienna"
