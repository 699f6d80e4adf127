"""Microsoft's ids are split into words only where that cannot go wrong."""

import pytest

from graph.display.word_splitting import split_words


@pytest.mark.parametrize(
    ("together", "apart"),
    [
        ("devicepasswordenabled", "Device Password Enabled"),
        ("allowscriptscanning", "Allow Script Scanning"),
        ("cloudextendedtimeout", "Cloud Extended Timeout"),
        ("bitlocker", "BitLocker"),
        ("preventinstallationofmatchingdeviceids", "Prevent Installation Of Matching Device IDs"),
        ("xqzzy", "Xqzzy"),
        ("v83", "V83"),
    ],
)
def test_words_written_together_are_split_only_where_there_is_one_way(together, apart):
    assert split_words(together) == apart
