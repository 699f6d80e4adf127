"""The glossary has a word for every table and every state, and names none that is not there."""

import re
from pathlib import Path

import pytest

from db import states
from db.models import TABLES

GLOSSARY = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text()
WORDS, _, STATES = GLOSSARY.partition("\n## States\n")
ENUMS = [value for value in vars(states).values() if isinstance(value, type) and value.__module__ == states.__name__]


def test_each_table_has_its_word_once():
    named = re.findall(r"\(?`([A-Z][A-Za-z]+)`\)?", WORDS)
    assert sorted(named) == sorted(model.__name__ for model in TABLES)


def test_no_word_is_explained_twice():
    words = re.findall(r"^- \*\*(.+?)\*\*", WORDS, re.MULTILINE)
    assert sorted(words) == sorted(set(words))


def test_no_word_is_both_ours_and_to_be_avoided():
    ours = set(re.findall(r"\*\*(.+?)\*\*", WORDS))
    avoided = {
        word.strip() for text in re.findall(r"\*Not\* ([\w\s,]+)", WORDS) for word in " ".join(text.split()).split(",")
    }
    # The field's other words for one thing may be our words for another.
    assert ours & avoided == {"hash", "message"}


def test_each_enum_of_states_is_listed():
    assert re.findall(r"^- `(\w+)`", STATES, re.MULTILINE) == [enum.__name__ for enum in ENUMS]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_an_enum_is_listed_with_all_its_values(enum):
    entry = re.split(r"^- ", STATES.partition(f"- `{enum.__name__}`")[2], maxsplit=1, flags=re.MULTILINE)[0]
    assert re.findall(r"`([^`]+)`", entry) == list(enum)
