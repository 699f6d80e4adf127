"""Every format has a title and a writer."""

from graph.leaving import formats
from graph.leaving.export import LeavingFormat
from tests.support.leaving import source, written


def test_every_format_has_a_title_and_writes_every_policy_or_counts_it():
    assert set(formats.TITLES) == set(LeavingFormat)
    for leaving_format in LeavingFormat:
        assert "README.md" in written(formats.writer(leaving_format, source())), leaving_format
