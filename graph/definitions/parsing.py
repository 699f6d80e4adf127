"""Definitions and categories as Graph answers them, made into words: bounded, and without what could mislead a page.

What a definition holds, and in which shapes: graph-spec, Titles (Microsoft's SDK; captures of real answers).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graph.definitions.wording import SettingDefinition, fold
from graph.errors import Malformed

LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_VERSION, LONGEST_CATEGORY_ID = 300, 8000, 60, 200
# The largest lists (time zones, languages) have some hundred.
MOST_OPTIONS = 2000
# Numbers beyond are no bounds, and no database would keep them.
_LARGEST = 2**63 - 1
# Invisible characters, and those that turn the direction of writing: Microsoft's own titles begin with U+202F, and
# nobody would see what another one does.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                     "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]")  # fmt: skip
_LINE_ENDS = re.compile(r"\r\n?|\u2028|\u2029|\u0085")
CHARACTERS = "characters"


@dataclass(frozen=True)
class SettingCategory:
    id: str
    title: str
    parent_id: str


def clean_title(value: Any) -> str:
    """Return the text on one line, without what nobody sees, cut to what a page has room for."""
    return " ".join(clean_text(value, 4 * LONGEST_TITLE).split())[:LONGEST_TITLE].rstrip()


def clean_text(value: Any, longest: int = LONGEST_DESCRIPTION) -> str:
    """Return the text with its lines, without what nobody sees; "" for anything but a text."""
    if not isinstance(value, str):
        return ""
    return _UNSEEN.sub("", _LINE_ENDS.sub("\n", value[: 2 * longest])).strip()[:longest].rstrip()


def parse_definition(body: Mapping[str, Any], asked_id: str) -> SettingDefinition:
    """Return a definition of any list. Raises Malformed for the answer to another question."""
    own_id = body.get("id")
    if not isinstance(own_id, str) or fold(own_id) != fold(asked_id):
        raise Malformed("malformed", "Microsoft Graph answered with another definition than was asked for.")
    title = clean_title(body.get("displayName")) or clean_title(body.get("name"))
    value = _object(body.get("valueDefinition"))
    unit, minimum, maximum = _bounds([value, *_objects(body.get("constraints"))])
    return SettingDefinition(
        id=fold(own_id),
        title=title,
        description=clean_text(body.get("description")) or clean_text(body.get("helpText")),
        category_id=clean_text(body.get("categoryId"), LONGEST_CATEGORY_ID),
        options=dict(_options(body)),
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        is_secret=value.get("isSecret") is True or _has_secret_constraint(body),
        version=clean_text(body.get("version"), LONGEST_VERSION),
    )


def parse_category(body: Mapping[str, Any]) -> SettingCategory | None:
    """Return a category; None without an id. Its `name` is null, and a deep one may have a description alone."""
    own_id = clean_text(body.get("id"), LONGEST_CATEGORY_ID)
    title = clean_title(body.get("displayName")) or clean_title(body.get("description")) or own_id
    parent_id = clean_text(body.get("parentCategoryId"), LONGEST_CATEGORY_ID)
    return SettingCategory(own_id, title, "" if parent_id == own_id else parent_id) if own_id else None


def _options(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (folded item id, title): of a catalogue's choices, or of an intent's, whose values are their ids."""
    choices = [
        (option.get("itemId"), clean_title(option.get("displayName")) or clean_title(option.get("name")))
        for option in _objects(body.get("options"))
    ]
    for constraint in _objects(body.get("constraints")):
        choices += [(value.get("value"), clean_title(value.get("displayName"))) for value in _values(constraint)]
    for item_id, title in choices[:MOST_OPTIONS]:
        if isinstance(item_id, str) and 0 < len(item_id) <= 2 * LONGEST_TITLE and title:
            yield fold(item_id), title


def _values(constraint: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _objects(constraint.get("values"))


def _bounds(places: list[Mapping[str, Any]]) -> tuple[str, int | None, int | None]:
    """Return (unit, minimum, maximum): of a number, else of the length of a text."""
    for unit, least, most in (("", "minimumValue", "maximumValue"), (CHARACTERS, "minimumLength", "maximumLength")):
        for place in places:
            minimum, maximum = _number(place.get(least)), _number(place.get(most))
            if minimum is not None or maximum is not None:
                return unit, minimum, maximum
    return "", None, None


def _number(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and abs(value) <= _LARGEST else None


def _has_secret_constraint(body: Mapping[str, Any]) -> bool:
    return any("Secret" in str(each.get("@odata.type")) for each in _objects(body.get("constraints")))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
