"""Microsoft's words for settings, as pages look them up. Every id is folded: in small letters.

An export and the service write the same id in different cases (real exports; graph-spec: Titles), so ids are compared
without.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})
# The same setting for a person and for a device: where one of them has no words, those of the other serve.
_SCOPES = ("device_vendor_msft_", "user_vendor_msft_", "vendor_msft_")
_TYPE_PREFIX = "#microsoft.graph."


def fold(setting_id: str) -> str:
    return setting_id.lower()


def property_key(odata_type: str, name: str) -> str:
    """Return the id of a built-in type's property: “windows10generalconfiguration/passwordrequired”."""
    return fold(f"{odata_type.removeprefix(_TYPE_PREFIX)}/{name}")


def twins(setting_id: str) -> list[str]:
    """Return the folded ids that may name the same setting for another scope."""
    own = next((scope for scope in _SCOPES if setting_id.startswith(scope)), None)
    return [] if own is None else [scope + setting_id.removeprefix(own) for scope in _SCOPES if scope != own]


@dataclass(frozen=True)
class SettingDefinition:
    """A setting in Microsoft's words.

    `options`: folded item id -> title. `minimum` and `maximum` bound a number, or a text's length where `unit` is
    “characters”. `version` is opaque: it differs when Microsoft has edited the definition.
    """

    id: str
    title: str
    description: str = ""
    category_id: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    unit: str = ""
    minimum: int | None = None
    maximum: int | None = None
    is_secret: bool = False
    version: str = ""


@dataclass(frozen=True)
class Wording:
    """The words for the settings of some contents.

    `category_paths`: category id -> titles from the top category down. `category_order`: category id -> its place.
    """

    definitions: Mapping[str, SettingDefinition] = field(default_factory=dict)
    category_paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    category_order: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.definitions)

    def definition(self, setting_id: str) -> SettingDefinition | None:
        folded = fold(setting_id)
        found = self.definitions.get(folded)
        return found or next((self.definitions[twin] for twin in twins(folded) if twin in self.definitions), None)

    def title(self, setting_id: str) -> str | None:
        found = self.definition(setting_id)
        return (found.title or None) if found else None

    def option(self, setting_id: str, item_id: str) -> str | None:
        """Return the title of what was chosen; None for an option that Microsoft does not name."""
        found, folded = self.definition(setting_id), fold(item_id)
        if found is None:
            return None
        # The twin's options begin with the twin's id.
        return found.options.get(folded) or found.options.get(found.id + folded.removeprefix(fold(setting_id)))

    def category(self, setting_id: str) -> tuple[str, ...]:
        """Return the titles of the categories that the setting is in, the top one first; none where nobody knows."""
        found = self.definition(setting_id)
        return self.category_paths.get(found.category_id, ()) if found else ()

    def place(self, setting_id: str) -> int:
        """Return the place of the setting's category among all; those of an unknown category come last."""
        found = self.definition(setting_id)
        return self.category_order.get(found.category_id, self._last) if found else self._last

    @cached_property
    def _last(self) -> int:
        return max(self.category_order.values(), default=0) + 1


NO_WORDS = Wording()
