"""The catalogs are whole, and what they hold can be filled in."""

import re

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from actors.rehearsals import lab_removal, lab_restore, planned_restore
from graph.policy_types.object_labels import OBJECT_LABELS, object_label
from tests.tools.translations import catalog_path, chosen_words, is_translated, messages
from web.change_words import words
from web.translation.languages import ENGLISH, LANGUAGES
from web.translation.sentences import book_of
from web.views.notices import channels

TRANSLATED = [language for language in LANGUAGES if language != ENGLISH]


def catalog(language):
    with catalog_path(language).open("rb") as file:
        return [message for message in read_po(file, locale=language) if message.id]


def as_pairs(messages):
    pairs = ((message.id, message.string) for message in messages if message.id and is_translated(message.string))
    return sorted((list(source), list(translation)) for source, translation in pairs)


def placeholders(text):
    return set(re.findall(r"%\((\w+)\)", text))


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_that_pages_say_is_translated(language):
    """`make translations` collects what is new; what is empty then has to be translated by a person."""
    have = {message.id: message.string for message in catalog(language)}
    assert sorted(map(str, have)) == sorted(map(str, messages()))
    assert [source for source, translation in have.items() if not is_translated(translation)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_of_its_sentence(language):
    for message in catalog(language):
        source = message.id if isinstance(message.id, str) else message.id[-1]
        for form in [message.string] if isinstance(message.string, str) else message.string:
            assert not form or placeholders(form) | {"num"} == placeholders(source) | {"num"}, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_word_that_a_sentence_chooses_is_translated_with_it(language):
    """A single word stays as it is, since it may be a name: choose among sentences, or among words with a count."""
    book = book_of(language)
    left = {found for found in chosen_words() if book.translate(found[2]) == found[2] or " " not in found[2].strip()}
    assert sorted(left) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_sentence_is_known_without_what_may_hang_on_a_word(language):
    """As in “The app registration lacks a permission%(named)s.”: mostly, nobody says which."""
    book, sources = book_of(language), [message.id for message in catalog(language) if isinstance(message.id, str)]
    hanging = [source for source in sources if re.search(r"[a-z]%\(\w+\)s", source)]
    bare = [re.sub(r"%\(\w+\)s", "x", re.sub(r"(?<=[a-z])%\(\w+\)s", "", source)) for source in hanging]
    assert len(bare) > 10
    assert [text for text in bare if book.translate(text) == text] == []


def test_german_has_one_word_for_a_tenant_and_one_for_a_snapshot():
    german = [
        " ".join([message.string] if isinstance(message.string, str) else message.string) for message in catalog("de")
    ]
    assert [text for text in german if re.search(r"\b(Tenants?|Snapshots?)\b", text)] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_compiled_is_what_is_written(language):
    with catalog_path(language).with_suffix(".mo").open("rb") as file:
        compiled = as_pairs(read_mo(file))
    assert [pair for pair in as_pairs(catalog(language)) if pair not in compiled] == []


@pytest.mark.parametrize(
    "awaited",
    ["the backup", lab_removal.TITLE, lab_restore.TITLE, planned_restore.TITLE, "another restore writes to the lab"],
)
def test_what_a_rehearsal_waits_for_is_said_in_german(awaited):
    said = book_of("de").translate(f"Waiting for run 12: {awaited}.")
    assert said.startswith("Wartet auf Lauf 12: ")
    assert awaited not in said


def test_what_an_uploaded_policy_refers_to_is_named_in_german():
    label = "“Break glass” (so its source calls {} “1-1”)"
    said = {kind: book_of("de").translate(label.format(object_label(kind))) for kind in OBJECT_LABELS}
    assert [text for text in said.values() if "the " in text or "„1-1“)" not in text] == []


@pytest.mark.parametrize("table", [channels.STATES, words.STATES], ids=["notices", "changes"])
def test_what_pages_call_the_states_of_something_is_german(table):
    assert [word for word in table.values() if book_of("de").translate(word) == word] == []
