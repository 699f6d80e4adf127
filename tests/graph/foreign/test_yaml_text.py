"""YAML of plain values."""

import pytest
import yaml

from graph.foreign.yaml_text import NotPlain, loads


def test_what_the_tools_own_dumper_writes_comes_back_as_it_was():
    value = {"a": "no", "b": "2024-01-01", "c": "10.0", "d": "010", "e": None, "f": True, "g": 12, "h": "ü\u202f",
             "i": "", "j": ["on", {"k": "1:30"}], "l": 1.5, "@odata.type": "#microsoft.graph.x",
             "m": "~", "n": "a\nb "}  # fmt: skip
    assert loads(yaml.dump(value, sort_keys=False, default_flow_style=False)) == value


def test_bare_words_that_only_yaml_takes_for_something_stay_texts():
    text = "a: no\nb: 2024-01-01\nc: 10.0.26200.0000\nd: 0x10\ne: 1_000\nf: &x [1]\ng: *x\n"
    assert loads(text) == {
        "a": "no",
        "b": "2024-01-01",
        "c": "10.0.26200.0000",
        "d": "0x10",
        "e": "1_000",
        "f": [1],
        "g": [1],
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: 1\na: 2\n", "one thing twice"),
        ("a: !!binary aGk=\n", "a tag"),
        ("a: 1\n---\nb: 1\n", "several documents"),
        ("a: [", "no YAML"),
        ("a: *nobody\n", "refers to itself"),
        ("a: 1\n? [x]\n: 2\n", "where a name belongs"),
        ("a: 1.0e999\n", "beyond all bounds"),
        ("[" * 200 + "]" * 200, "too deeply"),
    ],
)
def test_anything_else_is_refused(text, why):
    with pytest.raises(NotPlain, match=why):
        loads(text)
