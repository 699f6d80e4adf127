"""The documents' own catalogs: German is whole, and an installation may add a language."""

import ast
from datetime import datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import config
from actors import document_sources
from actors.documents import language
from actors.documents.language import language_of, languages
from graph.policy_types.table import POLICY_TYPES

ROOM = Path(language.__file__).parent
SOURCES = Path(document_sources.__file__).parent


def said():
    """Every English sentence of the room: what `say` and `count` are given, and what the tables of words hold."""
    for path in (*ROOM.glob("*.py"), *SOURCES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
                "say",
                "count",
            ):
                yield from (
                    part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )
            if isinstance(node, ast.Assign | ast.AnnAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id.endswith("_WORDS"):
                    yield from (value.value for value in node.value.values)


def test_german_has_every_sentence_and_every_policy_types_title():
    german = language_of("de")
    titles = {title for row in POLICY_TYPES.values() for title in (row.title, *row.titles.values())}
    assert not sorted((set(said()) | titles) - german.sentences.keys())
    for english, translation in german.sentences.items():
        wanted = [str(place) if name == "" else name for place, name in enumerate(placeholders(english))]
        assert sorted(wanted) == sorted(placeholders(translation)), english


def test_german_documents_say_what_german_pages_say():
    with (ROOM.parents[1] / "web/translation/catalogs/de/LC_MESSAGES/messages.po").open("rb") as file:
        pages = {message.id: message.string for message in read_po(file) if isinstance(message.id, str)}
    german = language_of("de").sentences
    otherwise = {english for english in german.keys() & pages.keys() if german[english] != pages[english]}
    assert otherwise == {"Of", "Contents"}, "of what a document is, and its table; on pages, of how many, and files"


def placeholders(text):
    return [part.partition("}")[0] for part in text.split("{")[1:]]


def test_an_installation_adds_a_language_and_a_bad_catalog_falls_back_to_english(tmp_path, monkeypatch):
    monkeypatch.setenv("TENANTKEEP_DOCUMENT_LANGUAGES", str(tmp_path))
    config.settings.cache_clear()
    try:
        entries = {"Policies": "Politiques", "by {names}": "par {nobody}", "Group {name}": "Groupe {name}"}
        body = "".join(f'msgid "{english}"\nmsgstr "{french}"\n\n' for english, french in entries.items())
        (tmp_path / "fr.po").write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n{body}')
        (tmp_path / "no-language.po").write_text("")
        assert languages() == {"en": "English", "de": "Deutsch", "fr": "français"}
        french = language_of("fr")
        assert french.say("Policies") == "Politiques"
        assert french.say("Group {name}", name="{x} %s") == "Groupe {x} %s"
        assert french.say("by {names}", names="Anna") == "by Anna"
        assert french.say("Nothing differs.") == "Nothing differs."
        assert "novembre 2026" in french.time(datetime(2026, 11, 27, 3, 5))
        assert language_of("../../x").code == language_of("xx").code == "en"
    finally:
        monkeypatch.undo()
        config.settings.cache_clear()


@pytest.mark.parametrize(("code", "told"), [("en", "1,200 policies"), ("de", "1200 Richtlinien")])
def test_numbers_are_counted(code, told):
    assert language_of(code).count(1200, "{number} policy", "{number} policies") == told
