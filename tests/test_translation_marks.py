"""Every word that a template says is marked for translation."""

import re

import pytest
from jinja2 import Environment, nodes

from tests.support.product_modules import ROOT

FOLDER = ROOT / "templates"
SOURCES = {path.relative_to(FOLDER).as_posix(): path.read_text() for path in sorted(FOLDER.rglob("*.html"))}
TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", re.DOTALL)
CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt|data-label|label)="([^"]*)"')
TAG = re.compile(r'<!?/?[a-z](?:"[^"]*"|[^">])*>', re.DOTALL | re.IGNORECASE)
WORD = re.compile(r"[A-Za-z]{2,}")
# The same in every language.
NAMES = re.compile(r"\b(Tenantkeep|UTC|ZIP|JSON|CSV|Entra ID|Intune|Microsoft Graph|Graph)\b|&\w+;")
# A message, what a run waits for and what it is, which are in English, and the filters that say them.
KEPT = re.compile(r"\{\{([^{}~]*(?:\.(?:message|waiting)\b|run_kinds\[)[^{}~]*)\}\}")
SAID = re.compile(r"\|(translated|link_intune_addresses)\b")
SENTENCE = re.compile(r"[A-Z“][a-z].*")


@pytest.fixture(scope="module")
def trees():
    """Return the syntax tree of each template."""
    environment = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])  # noqa: S701 - nothing is drawn
    return {name: environment.parse(source) for name, source in SOURCES.items()}


def test_every_word_of_a_template_is_marked_for_translation():
    unmarked = []
    for name, source in SOURCES.items():
        said = CODE.sub("", TRANSLATED.sub("", source))
        spoken = [*TAG.sub("\n", said).split("\n"), *SPOKEN.findall(said)]
        unmarked += [(name, text.strip()) for text in spoken if WORD.search(NAMES.sub("", text))]
    assert unmarked == []


def test_every_sentence_that_a_template_hands_over_is_marked(trees):
    unmarked = []
    for name, tree in trees.items():
        calls = [call for call in tree.find_all(nodes.Call) if _is_marking(call.node)]
        marked = {id(argument) for call in calls for argument in call.args}
        handed = [const.value for const in tree.find_all(nodes.Const) if id(const) not in marked]
        said = [text for text in handed if isinstance(text, str) and SENTENCE.fullmatch(text)]
        unmarked += [(name, text) for text in said if NAMES.sub("", text).strip()]
    assert unmarked == []


def test_every_hint_beside_a_field_is_marked(trees):
    unmarked = []
    for name, tree in trees.items():
        hints = [word.value for word in tree.find_all(nodes.Keyword) if word.key == "hint"]
        unmarked += [(name, hint.value) for hint in hints if isinstance(hint, nodes.Const) and hint.value]
    assert unmarked == []


def test_every_kept_message_is_said_in_the_readers_language():
    shown = [(name, found[1].strip()) for name, source in SOURCES.items() for found in KEPT.finditer(source)]
    assert len(shown) > 5
    assert [(name, text) for name, text in shown if not SAID.search(text)] == []


def _is_marking(node):
    return isinstance(node, nodes.Name) and node.name in {"_", "gettext", "ngettext"}


def test_no_sentence_is_put_together_from_english_words():
    """`{% trans is_on="on" if … %}` keeps that word English, and gives a translator a sentence with a hole."""
    english = []
    for name, source in SOURCES.items():
        for head in re.findall(r"\{%-?\s*trans\b(.*?)%\}", source, re.DOTALL):
            value = re.sub(r"\((?:[^()]|\([^()]*\))*\)", "()", head)  # without the arguments of calls
            english += [(name, word) for word in re.findall(r"[\"'][^\"'\]]*[A-Za-z][^\"']*[\"'](?!\])", value)]
    assert english == []
