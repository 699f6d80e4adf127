"""The language of a document: its own sentences from a catalog, dates and numbers as the language writes them.

A language is one file, `catalogs/CODE.po`, which gettext's tools read and write; English needs none. The installation
may add a folder of such files (TENANTKEEP_DOCUMENT_LANGUAGES). What a catalog lacks stays English.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.pofile import read_po

import config

ENGLISH = "en"
CATALOGS = Path(__file__).parent / "catalogs"
MAX_CATALOG_BYTES = 1024 * 1024


@dataclass(frozen=True)
class DocumentLanguage:
    """Says the document's own sentences. `sentences`: English -> the translation."""

    code: str
    sentences: Mapping[str, str] = field(default_factory=dict)

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.code, sep="-")

    @property
    def is_right_to_left(self) -> bool:
        return self.locale.text_direction == "rtl"

    def say(self, english: str, **values: object) -> str:
        """Translate a sentence, and put values where it has {names}."""
        try:
            return (self.sentences.get(english) or english).format(**values)
        except (KeyError, IndexError, ValueError):  # a catalog of the installation's own, with other {names}
            return english.format(**values)

    def template(self, english: str) -> str:
        """Translate a sentence whose places somebody else fills."""
        return self.sentences.get(english) or english

    def count(self, number: int, one: str, many: str) -> str:
        """Say a number of things; both sentences have {number}."""
        return self.say(one if number == 1 else many, number=f"{number:,}" if self.code == ENGLISH else number)

    def day(self, at: date) -> str:
        return format_date(at, "long", locale=self.locale)

    def time(self, at: datetime) -> str:
        """Write a moment, given in UTC."""
        return f"{self.day(at)}, {format_datetime(at, 'HH:mm', locale=self.locale)} UTC"


def languages() -> dict[str, str]:
    """Return code -> the language's own name, English first, of all that there is a catalog for."""
    codes = sorted(path.stem for folder in _folders() for path in folder.glob("*.po"))
    names = {code: _own_name(code) for code in codes}
    return {ENGLISH: "English"} | {code: name for code, name in names.items() if name}


def _folders() -> list[Path]:
    own = config.settings().document_languages
    return [CATALOGS, *([Path(own)] if own else [])]


def _own_name(code: str) -> str:
    """Return what the language calls itself; "" for a name that is no language's code."""
    try:
        locale = Locale.parse(code, sep="-")
        # Babel takes “no-language” for Norwegian; a language has one name here.
        return str(locale.get_display_name()) if str(locale).replace("_", "-") == code else ""
    except (ValueError, UnknownLocaleError):
        return ""


def language_of(code: str) -> DocumentLanguage:
    """Return the language; what its catalog lacks, or all of it where there is none any more, is English."""
    sentences: dict[str, str] = {}
    for folder in _folders() if _own_name(code) and code != ENGLISH else ():
        sentences |= _catalog(folder / f"{code}.po")
    return DocumentLanguage(code if sentences else ENGLISH, sentences)


@functools.lru_cache(maxsize=32)
def _catalog(path: Path) -> dict[str, str]:
    if not path.is_file() or path.stat().st_size > MAX_CATALOG_BYTES:
        return {}
    with path.open("rb") as file:
        catalog = read_po(file, ignore_obsolete=True, charset="utf-8")
    return {
        message.id: message.string
        for message in catalog
        if isinstance(message.id, str) and message.id and isinstance(message.string, str) and not message.fuzzy
    }
