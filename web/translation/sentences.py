"""Sentences that were made in English, turned into the reader's language when they are shown.

Workers, the database and the command line make sentences too, and keep them: of a run, of an item, in a notification.
What is kept is English, whoever reads it later. So a catalog has these sentences with their placeholders, and here a
kept one is recognised by its fixed words: “Waiting 5 s.” is “Waiting %(seconds)s s.”, and what stood in the placeholder
goes into the German one.
"""

import functools
import heapq
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.messages.mofile import read_mo
from babel.plural import PluralRule
from markupsafe import Markup

from web.translation.languages import ENGLISH, current_language

CATALOGS = Path(__file__).parent / "catalogs"
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
_FIELD = re.compile(r"\{(\w*)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z“\d])")
# Between the sentences of a text with placeholders, in either language.
_TEMPLATE_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-ZÄÖÜ“„\d%])")
_PART_END = re.compile(r"(?<=[.!?:]) (?=[A-Z“\d])")
_DOT = " · "
# A placeholder's value may be a sentence or a count again: “4 policies: …”. Deeper than this none is.
_DEEPEST = 3
# Placeholders whose values are our words for something, single ones too.
_CODES = ("ring",)
# What fits so little fixed text might be anything, such as the name of a policy.
_LEAST_FIXED_LETTERS = 3


@dataclass(frozen=True)
class _Pattern:
    expression: re.Pattern[str]
    forms: tuple[str, ...]
    fixed_letters: int
    # Its longest fixed text: without that in it, no text is worth the search for the expression.
    longest: str


def _rank(pattern: _Pattern) -> tuple[int, int]:
    """Return the rank of a pattern that fits: what says more by itself leaves less to be anything."""
    return -pattern.fixed_letters, -len(pattern.longest)


class SentenceBook:
    """The sentences of one language: English with placeholders -> its translation; each has one form, or several."""

    def __init__(self, translations: Mapping[tuple[str, ...], tuple[str, ...]], plural_form: PluralRule) -> None:
        self._plural_form = plural_form
        self._exact: dict[str, str] = {}
        self._templates: dict[str, str] = {}
        self._by_first_word: dict[str, list[_Pattern]] = defaultdict(list)
        whole = {source: forms for english, forms in translations.items() if all(forms) for source in english}
        for source, forms in whole.items():
            self._add(source, forms)
        for source, form in _each_of_several(whole):
            if source not in whole:
                self._add(source, (form,))
        for patterns in self._by_first_word.values():
            patterns.sort(key=_rank)

    def _add(self, source: str, forms: tuple[str, ...]) -> None:
        if not _PLACEHOLDER.search(source):
            self._exact[source.replace("%%", "%")] = forms[0].replace("%%", "%")
            return
        fixed = _PLACEHOLDER.sub("\0", source.replace("%%", "%")).split("\0")
        letters = sum(character.isalpha() for character in "".join(fixed))
        self._templates[source] = forms[0]
        if letters >= _LEAST_FIXED_LETTERS:
            pattern = _Pattern(_expression(source), forms, letters, max(fixed, key=len))
            self._by_first_word[_first_fixed_word(source)].append(pattern)

    def translate_template(self, template: str) -> str:
        """Translate a text for `str.format`, which the catalog has with its own sort of placeholders."""
        if "{" not in template:
            return self._exact.get(template, template)
        translation = self._templates.get(catalog_placeholders(template))
        return template if translation is None else _PLACEHOLDER.sub(_format_field, translation).replace("%%", "%")

    def translate(self, text: str, depth: int = 0) -> str:
        """Return the translation; what is no sentence of ours stays as it is."""
        if text in self._exact:
            return self._exact[text]
        if _DOT in text:
            return _DOT.join(self.translate(part, depth) for part in text.split(_DOT))
        each = [self._translate_sentence(sentence, depth) for sentence in _SENTENCE_END.split(text)]
        if None not in each:
            return " ".join(filter(None, each))
        whole = self._translate_one(text, depth)
        return whole if whole is not None else " ".join(self._translate_in_turn(_PART_END.split(text), depth))

    def _translate_sentence(self, text: str, depth: int) -> str | None:
        """Translate a sentence that is known as a whole, else what stands before and behind its colon."""
        whole = self._translate_one(text, depth)
        if whole is not None:
            return whole
        each = [self._translate_one(part, depth) for part in _PART_END.split(text)]
        return None if None in each else " ".join(filter(None, each))

    def _translate_in_turn(self, parts: list[str], depth: int) -> Iterator[str]:
        """A sentence of ours may itself be two: the longest that is known comes first."""
        start = 0
        while start < len(parts):
            for end in range(len(parts), start, -1):
                run = self._translate_one(" ".join(parts[start:end]), depth)
                if run is not None:
                    break
            else:
                run, end = parts[start], start + 1
            yield run
            start = end

    def _translate_one(self, text: str, depth: int) -> str | None:
        if text in self._exact:
            return self._exact[text]
        if depth > _DEEPEST:
            return None
        lists = (self._by_first_word.get(word, ()) for word in (text.split(" ", 1)[0], ""))
        for pattern in heapq.merge(*lists, key=_rank):
            if pattern.longest in text and (match := pattern.expression.fullmatch(text)):
                values = {name: self._translate_value(name, value, depth) for name, value in match.groupdict().items()}
                return self._form(pattern.forms, match.groupdict()) % values
        return None

    def _translate_value(self, name: str, value: str, depth: int) -> str:
        """A single word may be somebody's name for something: it stays, but where it is a code of ours."""
        return self.translate(value, depth + 1) if " " in value or name.endswith(_CODES) else value

    def _form(self, forms: tuple[str, ...], values: dict[str, str]) -> str:
        count = values.get("num", "")
        if len(forms) == 1 or not count.isdigit():
            return forms[0]
        return forms[0] if self._plural_form(int(count)) == "one" else forms[-1]


def _each_of_several(translations: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    """Yield each sentence of the texts that have several, with its translation, where both have them in one order.

    A kept text is taken sentence by sentence, and another one of ours might fit a part of it worse.
    """
    for source, forms in translations.items():
        ours, theirs = (_TEMPLATE_SENTENCE_END.split(text) for text in (source, forms[0]))
        if 1 < len(ours) == len(theirs) and len(forms) == 1:
            pairs = list(zip(ours, theirs, strict=True))
            if all(_placeholders(our) == _placeholders(their) for our, their in pairs):
                yield from pairs


def _placeholders(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def catalog_placeholders(template: str) -> str:
    """Write the fields of a text for `str.format` as a catalog has them: “{} of {name}” is “%(value1)s of %(name)s”."""
    numbers = itertools.count(1)
    return _FIELD.sub(lambda field: f"%({field[1] or f'value{next(numbers)}'})s", template.replace("%", "%%"))


def _format_field(placeholder: re.Match[str]) -> str:
    position = re.fullmatch(r"value(\d+)", placeholder[1])
    return f"{{{int(position[1]) - 1}}}" if position else f"{{{placeholder[1]}}}"


def _expression(source: str) -> re.Pattern[str]:
    parts, seen, place = [], set[str](), 0
    for placeholder in _PLACEHOLDER.finditer(source):
        name, fixed = placeholder.group(1), source[place : placeholder.start()].replace("%%", "%")
        parts += [re.escape(fixed), f"(?P={name})" if name in seen else _group(name, fixed, is_first=not seen)]
        place = placeholder.end()
        seen.add(name)
    parts.append(re.escape(source[place:].replace("%%", "%")))
    return re.compile("".join(parts), re.DOTALL)


def _group(name: str, fixed: str, *, is_first: bool) -> str:
    """Return what matches a placeholder's value, behind its fixed text. Of two with nothing between them the first has
    all: where the one ends and the other begins nobody can tell, and each half would be no sentence of ours.
    """
    if name == "num":
        return rf"(?P<{name}>\d+)"
    if not (fixed or is_first):
        return f"(?P<{name}>)"
    # What hangs on a word may be missing: “lacks a permission”, or “lacks a permission: …”.
    return f"(?P<{name}>.*?)" if fixed[-1:].isalpha() else f"(?P<{name}>.+?)"


def _first_fixed_word(source: str) -> str:
    """Return "" where a placeholder is part of the first word."""
    word = source.split(" ", 1)[0]
    return "" if _PLACEHOLDER.search(word) else word


@functools.cache
def book_of(language: str) -> SentenceBook:
    with (CATALOGS / language / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        catalog = read_mo(file)
    translations = {
        (message.id,) if isinstance(message.id, str) else tuple(message.id): tuple(
            [message.string] if isinstance(message.string, str) else message.string or ()
        )
        for message in catalog
        if message.id
    }
    return SentenceBook(translations, Locale(language).plural_form)


@functools.lru_cache(maxsize=4096)
def _translate(language: str, text: str) -> str:
    return book_of(language).translate(text)


def translated(text: str | None) -> str:
    """Return a sentence made in Python in the reader's language. Markup comes back as it is: it is a page's own."""
    language = current_language()
    if not text or language == ENGLISH or isinstance(text, Markup):
        return text or ""
    return _translate(language, text)


def translated_template(template: str) -> str:
    """Return a text of ours for `format` in the reader's language, its fields by name or by their places."""
    language = current_language()
    return template if language == ENGLISH else book_of(language).translate_template(template)


def translated_markup(template: str) -> Markup:
    """Return markup of ours for `format` in the reader's language, its fields by name or by their places."""
    # Templates and catalogs are ours; what fills them is escaped then.
    return Markup(translated_template(template))  # noqa: S704
