"""Settings of the index (db/policies/policy_settings.py) in words, for pages that have no content at hand."""

from collections.abc import Iterable
from dataclasses import dataclass

from actors.facade.wording import ENGLISH, words_for
from graph.definitions.wording import Wording
from graph.display.outline import choice_text
from graph.settings.set_values import CHOICE

_SWITCHES = {"true": "yes", "false": "no"}


@dataclass(frozen=True)
class SettingWords:
    """Microsoft's words for some settings, by their ids; where it has none, what the index says."""

    wording: Wording

    def title(self, key: str, known_as: str) -> str:
        return self.wording.title(key) or known_as

    def description(self, key: str) -> str:
        found = self.wording.definition(key)
        return found.description if found else ""

    def category(self, key: str) -> str:
        return " › ".join(self.wording.category(key))

    def value(self, key: str, value: str | None) -> str | None:
        """Return the value of a row of the index in words; None where the index does not hold it."""
        return None if value is None else ", ".join(self._part(key, part) for part in value.split(", "))

    def _part(self, key: str, part: str) -> str:
        if not part.startswith(CHOICE):
            return self.wording.option(key, part) or _SWITCHES.get(part, part)
        item_id = f"{key}_{part.removeprefix(CHOICE)}"
        return self.wording.option(key, item_id) or choice_text(key, item_id, is_choice=True)


def setting_words(keys: Iterable[str], language: str = ENGLISH) -> SettingWords:
    return SettingWords(words_for(keys, language))
