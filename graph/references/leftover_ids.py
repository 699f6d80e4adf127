"""What is left of the source tenant in what is to be written into another: ids that nothing replaced, in values and
texts, and its domains. Nothing is changed here; it is told.
"""

import base64
import codecs
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graph.content import embedded_json
from graph.content.normalise import ZERO_GUID
from graph.content.places import root_type
from graph.content.spellings import GUID
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.references import security_identifier
from graph.references.reference_kinds import DOMAINS, GROUPS
from graph.references.references import Known, declared_type, is_none

# As many as a person reads; the others are counted.
MOST = 8
_DEEPEST_TEXT = 2
# A property that is named like an id, and that no table knows.
_LIKE_AN_ID = re.compile(r"(Id|Ids|ID|IDs|Identifier|Identifiers|Guid|Guids)$")
# The id of an object itself, and what the service or Microsoft's catalogues say.
_OWN = frozenset({"id", "@odata.type", "settingDefinitionId"})
_PLUMBING = frozenset(
    {
        "settings", "settingInstance", "simpleSettingValue", "simpleSettingCollectionValue", "choiceSettingValue",
        "choiceSettingCollectionValue", "groupSettingCollectionValue", "children", "value",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Mention:
    where: str
    id: str
    # "": nobody knows what it is an id of.
    kind: str = ""
    is_whole: bool = False


@dataclass(frozen=True)
class _Place:
    """`where`: for people. `type`: of the object that has the value, as far as Microsoft's model knows."""

    where: str = ""
    type: str = ""
    key: str = ""
    texts: int = 0


def find(policy_type: str, body: Any, known: Known, told: Collection[str], to_come: Collection[str]) -> list[Mention]:
    """`known`: ids and domains of the source. `told`: ids that the plan speaks of anyway. `to_come`: those of what the
    restore makes, which stand as whole values until then. All in small letters.
    """
    found = dict.fromkeys(_inside(body, _Place(type=root_type(POLICY_TYPES[policy_type])), known))
    return [one for one in found if one.id.lower() not in told and not (one.is_whole and one.id.lower() in to_come)]


def _inside(value: Any, place: _Place, known: Known) -> Iterator[Mention]:
    """`place.type`: here, what the model says that an object is."""
    if isinstance(value, list):
        for inner in value:
            yield from _inside(inner, place, known)
    elif isinstance(value, dict):
        own, setting = model.type_of(value, place.type), value.get("settingDefinitionId")
        within = setting if isinstance(setting, str) else place.where
        for key, inner in value.items():
            if key not in _OWN or (place.texts and key == "id"):
                where = within if key in _PLUMBING else f"{within}.{key}".strip(".")
                yield from _property(inner, _Place(where, own, key, place.texts), known)


def _property(value: Any, place: _Place, known: Known) -> Iterator[Mention]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str):
            yield from _text(one, place, known)
        else:
            yield from _inside(one, replace(place, type=declared_type(place.type, place.key)), known)


def _text(text: str, place: _Place, known: Known) -> Iterator[Mention]:
    inside = embedded_json.parse(embedded_json.decode(text)) if place.texts < _DEEPEST_TEXT else None
    if inside is not None:
        yield from _inside(inside, _Place(place.where, "", place.key, place.texts + 1), known)
    elif GUID.fullmatch(one := text.strip('"')) and one.lower() not in known:
        if one != ZERO_GUID and _is_like_an_id(place):
            yield Mention(place.where, one, is_whole=True)
    else:
        yield from _in_words(text, place.where, known)


def _is_like_an_id(place: _Place) -> bool:
    is_named_so = place.key in ("value", "valueJson", "id") or bool(_LIKE_AN_ID.search(place.key))
    return is_named_so and not is_none(place.type, place.key)


def _in_words(text: str, where: str, known: Known) -> Iterator[Mention]:
    opened = _opened(text)
    for found in GUID.findall(opened):
        if found.lower() in known:
            yield Mention(where, found, known[found.lower()], is_whole=found == text.strip('"'))
    if opened != text:  # of those in the text itself a plan speaks by their groups
        for found in security_identifier.PATTERN.findall(opened):
            yield Mention(where, found, GROUPS)
    low = opened.lower()
    for domain in (one for one, kind in known.items() if kind == DOMAINS):
        if domain in low and re.search(rf"(?<![\w.-]){re.escape(domain)}(?![\w-])", low):
            yield Mention(where, domain, DOMAINS)


def _opened(text: str) -> str:
    """A file in base64, in whichever of the encodings that scripts are saved in; anything else as it is."""
    try:
        file = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return text
    is_utf16 = file.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return file.decode("utf-16" if is_utf16 else "utf-8", errors="replace")


def sentences(mentions: Sequence[Mention], called: Callable[[str], str]) -> list[str]:
    """What a plan says of them. `called`: “the group”, of each kind."""
    told = [_sentence(one, called) for one in mentions[:MOST]]
    more = len(mentions) - MOST
    return [*told, f"And {more} more such places."] if more > 0 else told


def _sentence(one: Mention, called: Callable[[str], str]) -> str:
    if not one.kind:
        return f"{one.where} holds the id {one.id}, and nobody knows of what: it is written as it is."
    named = called(one.kind).removeprefix("the ")
    return f"{one.where} holds the source tenant's {named} {one.id}, which is written as it is: change it by hand."
