import pytest

from graph.errors import Malformed
from graph.transport import strict_json


def test_read_bounded_joins_chunks_up_to_the_limit():
    assert strict_json.read_bounded([b"ab", b"c"], 3) == b"abc"
    with pytest.raises(Malformed) as refused:
        strict_json.read_bounded([b"ab", b"cd"], 3)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize("text", [b'{"a": NaN}', b'{"a": 1e999}', b'{"a": 1, "a": 2}', b'{"a": 1'])
def test_parse_refuses_ambiguous_json_as_malformed(text):
    with pytest.raises(Malformed) as refused:
        strict_json.parse(text)
    assert refused.value.code == "malformed"


def test_parse_tells_what_is_no_json_at_all():
    with pytest.raises(Malformed) as refused:
        strict_json.parse(b"<html>")
    assert refused.value.code == "not_json"


def test_loads_names_the_duplicate_key_apart_from_other_errors():
    with pytest.raises(strict_json.DuplicateKey):
        strict_json.loads('[{"a": {"b": 1, "b": 1}}]')
    with pytest.raises(ValueError, match="NaN"):
        strict_json.loads("NaN")


def test_is_deep_counts_levels_of_objects_and_lists():
    assert not strict_json.is_deep({"a": [1]}, deepest=2)
    assert strict_json.is_deep({"a": [{"b": 1}]}, deepest=2)
