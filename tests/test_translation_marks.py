"""Every word that a template says is marked for translation."""

import re

import pytest
from jinja2 import Environment, nodes

from tests.support.product_modules import ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TRANSLATED = re.compile(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", re.DOTALL)
CODE = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
SPOKEN = re.compile(r'\b(?:aria-label|title|placeholder|alt|data-label|label)="([^"]*)"')
TAG = re.compile(r'<!?/?[a-z](?:"[^"]*"|[^">])*>', re.DOTALL | re.IGNORECASE)
WORD = re.compile(r"[A-Za-z]{2,}")
# The same in every language.
NAMES = re.compile(r"\b(Tenantkeep|UTC|ZIP|JSON|CSV|Entra ID|Intune|Microsoft Graph|Graph)\b|&\w+;")
SENTENCE = re.compile(r"[A-Z“][a-z].*")


def environment():
    return Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])  # noqa: S701 - nothing is drawn


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_every_word_of_a_template_is_marked_for_translation(path):
    source = CODE.sub("", TRANSLATED.sub("", path.read_text()))
    spoken = [*TAG.sub("\n", source).split("\n"), *SPOKEN.findall(source)]
    assert [text.strip() for text in spoken if WORD.search(NAMES.sub("", text))] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_every_sentence_that_a_template_hands_over_is_marked(path):
    tree = environment().parse(path.read_text())
    marked = {id(argument) for call in tree.find_all(nodes.Call) if _is_marking(call.node) for argument in call.args}
    said = [
        const.value for const in tree.find_all(nodes.Const) if isinstance(const.value, str) and id(const) not in marked
    ]
    assert [text for text in said if SENTENCE.fullmatch(text) and NAMES.sub("", text).strip()] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_every_hint_beside_a_field_is_marked(path):
    keywords = environment().parse(path.read_text()).find_all(nodes.Keyword)
    said = [word.value.value for word in keywords if word.key == "hint" and isinstance(word.value, nodes.Const)]
    assert [text for text in said if text] == []


def _is_marking(node):
    return isinstance(node, nodes.Name) and node.name in {"_", "gettext", "ngettext"}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_no_sentence_is_put_together_from_english_words(path):
    """`{% trans is_on="on" if … %}` keeps that word English, and gives a translator a sentence with a hole."""
    heads = re.findall(r"\{%-?\s*trans\b(.*?)%\}", path.read_text(), re.DOTALL)
    values = [re.sub(r"\((?:[^()]|\([^()]*\))*\)", "()", head) for head in heads]  # without the arguments of calls
    assert [word for value in values for word in re.findall(r"[\"'][^\"'\]]*[A-Za-z][^\"']*[\"'](?!\])", value)] == []
