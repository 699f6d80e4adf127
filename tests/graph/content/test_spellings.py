import pytest

from graph.content.spellings import normalise_spelling


@pytest.mark.parametrize(("kind", "first", "second"), [
    ("dateTime", "2025-03-01T00:00:00Z", "2025-03-01T00:00:00.0000000Z"),
    ("dateTime", "2025-03-01T00:00:00Z", "2025-03-01T02:00:00+02:00"),
    ("", "2025-03-01T00:00:00.5Z", "2025-03-01T00:00:00.5000000+00:00"),
    ("time", "08:00:00", "08:00"),
    ("duration", "PT1H", "PT60M"),
    ("duration", "P1D", "PT24H0M0.000S"),
    ("duration", "P1Y", "P12M"),
    ("guid", "AAAAAAAA-1111-4111-8111-111111111111", "aaaaaaaa-1111-4111-8111-111111111111"),
    ("binary", "aGVsbG8gd29ybGQ=", "aGVs\r\nbG8gd29ybGQ"),
    ("flags", "a,b", "b, a"),
    ("number", 1, 1.0),
])  # fmt: skip
def test_equal_values_get_one_spelling(kind, first, second):
    assert normalise_spelling(kind, first) == normalise_spelling(kind, second)
    assert normalise_spelling(kind, normalise_spelling(kind, first)) == normalise_spelling(kind, first)


@pytest.mark.parametrize(("kind", "first", "second"), [
    ("dateTime", "2025-03-01T00:00:00Z", "2025-03-01T00:00:01Z"),
    ("dateTime", "2025-03-01T00:00:00.0000001Z", "2025-03-01T00:00:00Z"),
    ("duration", "P30D", "P1M"),
    ("duration", "PT1H", "-PT1H"),
    ("string", "b, a", "a,b"),
    ("string", "A", "a"),
])  # fmt: skip
def test_different_values_keep_different_spellings(kind, first, second):
    assert normalise_spelling(kind, first) != normalise_spelling(kind, second)


@pytest.mark.parametrize("kind", ["dateTime", "time", "duration", "guid", "binary", "flags", "enum", "string", ""])
def test_text_that_is_no_value_of_its_kind_stays(kind):
    assert normalise_spelling(kind, "no such value!") == "no such value!"
