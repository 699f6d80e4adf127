"""Formats of other tools in words."""

from actors.facade.foreign_formats import format_title, format_words


def test_a_format_of_a_later_version_is_shown_as_it_is():
    assert format_words(["portal", "cipp", "of_tomorrow"]).endswith("CIPP template, of_tomorrow")
    assert format_title("intunecd") == "IntuneCD"
    assert format_words([]) == "files"
