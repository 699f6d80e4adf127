"""From bytes to a value."""

import json

import pytest

from graph.foreign.decoding import DEEPEST_TEXT, Unreadable, decode_text, read_document, unwrap


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_each_encoding_of_powershell_is_read(encoding):
    data = (("\ufeff" if encoding == "utf-16-be" else "") + '{"ü": "\u202f"}').encode(encoding)
    assert read_document("a.txt", data).value == {"ü": "\u202f"}


def test_a_text_is_taken_by_what_is_in_it():
    assert read_document("a.json", b"") is None
    assert read_document("README.md", b"# a\nname: b\n") is None
    assert read_document("policy", b'\n{"a": 1}').value == {"a": 1}
    assert read_document("a.yaml ", b"'a': 1\n").is_yaml
    assert read_document("a.json", b'{\n     "a": 1\n}').indent == 5
    tolerant = read_document("a.json", b'{"a": ["x, ]", 1, ], }')
    assert (tolerant.value, len(tolerant.findings)) == ({"a": ["x, ]", 1]}, 1)
    with pytest.raises(Unreadable, match="damaged"):
        read_document("a.json", b'{"a": 1,, }')
    with pytest.raises(Unreadable, match="32 MB"):
        decode_text(b"a" * (32 * 1024 * 1024 + 1))


@pytest.mark.parametrize("end", ["", "\\", " "])
def test_a_text_without_an_end_is_gone_through_once_and_not_from_each_of_its_marks(end):
    with pytest.raises(Unreadable, match="damaged"):
        read_document("a.json", b'{"a": "' + b'\\"' * 300_000 + end.encode())


def test_json_in_texts_is_unwrapped_a_few_times():
    value = {"a": 1}
    for _ in range(DEEPEST_TEXT):
        value = json.dumps(value)
    assert unwrap(value) == {"a": 1}
    assert isinstance(unwrap(json.dumps(value)), str)
    assert unwrap("{no json") == "{no json"
