"""Settings that were found, as lines of a page or a command: each with the values that most policies give it."""

from collections.abc import Sequence
from dataclasses import dataclass

from actors.facade.setting_words import SettingWords, setting_words
from db.models import KnownSetting
from db.policies import settings_search
from db.policies.settings_search import FoundSetting, SetTo
from web.translation.languages import current_language
from web.translation.sentences import translated

VALUES_SHOWN, ALL_VALUES_SHOWN = 4, 30


@dataclass(frozen=True)
class FoundLine:
    """A setting that was found, with the values that most policies give it."""

    setting: KnownSetting
    title: str
    category: str
    policies: int
    # (value, policies)
    values: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class FoundLines:
    """Some of the settings that were found, and how many those are."""

    lines: Sequence[FoundLine] = ()
    count: int = 0


def value_text(words: SettingWords, key: str, mark: str | None, value: str | None) -> str:
    """Return a value in the reader's words; what it is, where it is kept in the policy alone."""
    if mark is None:
        return translated("a secret, which is compared with nothing")
    return translated(words.value(key, value) or "a text, which the policy shows")


def find_lines(asked: str, tenant_ids: Sequence[int] | None, begin: int, end: int) -> FoundLines:
    """Return some of the settings that hold all words that are asked for.

    Where there are none, the last words may be of a value: those that hold the others, and are set to such a value.
    """
    words = asked.split()[: settings_search.MOST_WORDS]
    for count in range(len(words), 0, -1):
        found = settings_search.find(words[:count], tenant_ids)
        of_value = [word.casefold() for word in words[count:]]
        if found and not of_value:
            return FoundLines(_lines(found[begin:end], tenant_ids, VALUES_SHOWN), len(found))
        lines = [line for line in _lines(found, tenant_ids, ALL_VALUES_SHOWN) if _has_value(line, of_value)]
        if lines:
            return FoundLines(lines[begin:end], len(lines))
    return FoundLines()


def _lines(found: Sequence[FoundSetting], tenant_ids: Sequence[int] | None, most: int) -> list[FoundLine]:
    ids = [hit.setting.id for hit in found]
    values = settings_search.values_of(ids, tenant_ids, most) if ids else {}
    words = setting_words([hit.setting.key for hit in found], current_language())
    return [_line(hit, values.get(hit.setting.id, ()), words) for hit in found]


def _has_value(line: FoundLine, words: Sequence[str]) -> bool:
    return any(all(word in text.casefold() for word in words) for text, _ in line.values)


def _line(hit: FoundSetting, values: Sequence[SetTo], words: SettingWords) -> FoundLine:
    key = hit.setting.key
    texts = [(value_text(words, key, value.mark, value.value), value.policies) for value in values]
    return FoundLine(hit.setting, words.title(key, hit.setting.title), words.category(key), hit.policies, texts)
