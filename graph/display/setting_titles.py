"""Titles of settings in Microsoft's words, fit to be read, with the category where a title alone says nothing."""

import re
from collections.abc import Iterable
from typing import Any

from graph.definitions.wording import SettingDefinition, Wording, property_key

# The root of each Apple payload is called so, and of some groups of other platforms.
_SAYS_NOTHING = frozenset({"top level setting group collection", "setting group collection", "top level setting group"})
# Titles begin and end with blanks of all sorts (U+202F in definitions of administrative templates).
_BLANKS = re.compile(r"[\s\u00a0\u200b\u202f\ufeff]+")
LONGEST_ABOUT = 700


def tidy(text: Any) -> str:
    """Return Microsoft's text on one line, without the blanks around it."""
    return _BLANKS.sub(" ", str(text or "")).strip()


def title_of(setting_id: str, wording: Wording) -> str:
    """Return what the setting is called among those of its category; "" where nobody knows."""
    title = tidy(wording.title(setting_id))
    if title.lower() not in _SAYS_NOTHING:
        return title
    return next(reversed(category_of(setting_id, wording)), "")


def says_nothing(setting_id: str, wording: Wording) -> bool:
    """Tell whether the setting's own title says less than its category."""
    return tidy(wording.title(setting_id)).lower() in _SAYS_NOTHING


def full_title(setting_id: str, wording: Wording) -> str:
    """Return the title with its category before it, for where it stands alone: “Privacy: Let Apps Access Camera”.

    A title is no key: “Enabled” stands for dozens of settings.
    """
    title, category = title_of(setting_id, wording), category_of(setting_id, wording)
    if not title or not category or category[-1].lower() == title.lower():
        return title
    return f"{category[-1]}: {title}"


def category_of(setting_id: str, wording: Wording) -> tuple[str, ...]:
    """Return the titles of the setting's categories, the top one first.

    Some are paths of administrative templates: “Microsoft Edge\\Cast”.
    """
    return _tidy_path(wording.category(setting_id))


def category_places(wording: Wording) -> dict[tuple[str, ...], int]:
    """Return the place of each category, named as `category_of` does, among all."""
    return {_tidy_path(path): wording.category_order.get(key, 0) for key, path in wording.category_paths.items()}


def _tidy_path(titles: Iterable[str]) -> tuple[str, ...]:
    return tuple(filter(None, (tidy(part) for title in titles for part in title.split("\\"))))


def property_title(odata_type: str, name: str, wording: Wording) -> str:
    """Return what the portal calls a property of a built-in type; "" where it is as its name says."""
    return tidy(wording.title(property_key(odata_type, name))) if odata_type and wording else ""


def option_title(setting_id: str, value: Any, wording: Wording) -> str:
    """Return the title of a choice; "" where nobody knows it. A switch is “true” or “false”."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return tidy(wording.option(setting_id, text)) if wording else ""


def with_unit(setting_id: str, text: str, wording: Wording) -> str:
    """Return a number with its unit: “15 minutes”."""
    found = wording.definition(setting_id) if wording else None
    is_number = text.removeprefix("-").isdigit()
    return f"{text} {found.unit}" if found and found.unit and found.unit != "characters" and is_number else text


def about(setting_id: str, wording: Wording) -> str:
    """Return what Microsoft says of a setting, and what it may be set to."""
    found = wording.definition(setting_id) if wording else None
    if found is None:
        return ""
    text = tidy(found.description)
    text = f"{text[:LONGEST_ABOUT]}…" if len(text) > LONGEST_ABOUT else text
    return " ".join(filter(None, (text, _bounds(found))))


def _bounds(found: SettingDefinition) -> str:
    unit = f" {found.unit}" if found.unit else ""
    if found.minimum is not None and found.maximum is not None:
        return f"From {found.minimum} to {found.maximum}{unit}."
    if found.maximum is not None:
        return f"At most {found.maximum}{unit}."
    return f"At least {found.minimum}{unit}." if found.minimum is not None else ""
