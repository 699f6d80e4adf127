"""The words that people had to read twice do not come back: docs/glossary.md has them, and what is said instead."""

import re

from tests.support.product_modules import ROOT
from tests.tools.translations import messages

COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


def replaced_phrases():
    section = (ROOT / "docs" / "glossary.md").read_text().partition("## Words on pages")[2]
    rows = re.findall(r"^\| (.+?) +\| (.+?) +\|$", section, re.MULTILINE)
    return [phrase for phrase, _instead in rows if phrase not in {"not", "--"}]


def shown_texts():
    """Yield (where, text) of every sentence in Python, commands' too, and of every template."""
    for message, files in messages(with_commands=True).items():
        yield files[0], message if isinstance(message, str) else message[0]
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield path.relative_to(ROOT).as_posix(), re.sub(r"\s+", " ", COMMENT.sub("", path.read_text()))


def test_a_phrase_that_was_replaced_is_said_nowhere():
    phrases, found = [phrase.lower() for phrase in replaced_phrases()], []
    assert len(phrases) > 20
    for where, text in shown_texts():
        shown = text.lower()
        found += [(where, phrase) for phrase in phrases if phrase in shown]
    assert found == []
