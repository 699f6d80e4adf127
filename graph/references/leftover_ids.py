"""Traces of the source tenant in a body that is to be written into another tenant: ids that nothing replaced, and
domains. They are only reported; nothing is changed here.
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
from graph.references.named_objects import declared_type, is_no_reference
from graph.references.reference_kinds import DOMAINS, GROUPS
from graph.references.references import KnownIds

# A person reads so many; the others are only counted.
MAX_SENTENCES = 8
_DEEPEST_TEXT = 2
# A property that is named like an id, and that no table knows.
_LIKE_AN_ID = re.compile(r"(Id|Ids|ID|IDs|Identifier|Identifiers|Guid|Guids)$")
# An object's own id, and properties of the service or of Microsoft's catalogs.
_OWN = frozenset({"id", "@odata.type", "settingDefinitionId"})
# How the name of a property ends that links to an object by its address.
_LINK = "@odata.bind"
_PLUMBING = frozenset(
    {
        "settings", "settingInstance", "simpleSettingValue", "simpleSettingCollectionValue", "choiceSettingValue",
        "choiceSettingCollectionValue", "groupSettingCollectionValue", "children", "value",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Mention:
    """A trace of the source tenant, `where` it stands in words for people. `is_whole`: it is the whole value."""

    where: str
    id: str
    # "" where nobody knows what it is an id of.
    kind: str = ""
    is_whole: bool = False


@dataclass(frozen=True)
class _Position:
    """The place of a value: `where` in words for people, `type` of its object as far as Microsoft's model knows it."""

    where: str = ""
    type: str = ""
    key: str = ""
    texts: int = 0


def find_leftovers(
    policy_type: str, body: Any, known: KnownIds, reported: Collection[str], to_come: Collection[str]
) -> list[Mention]:
    """Return the traces in a body. All ids are given in small letters.

    `known`: ids and domains of the source. `reported`: ids that the plan mentions anyway. `to_come`: ids of objects
    that the restore will create, which stand as whole values until then.
    """
    mentions = dict.fromkeys(_inside(body, _Position(type=root_type(POLICY_TYPES[policy_type])), known))
    return [
        mention
        for mention in mentions
        if mention.id.lower() not in reported and not (mention.is_whole and mention.id.lower() in to_come)
    ]


def _inside(value: Any, place: _Position, known: KnownIds) -> Iterator[Mention]:
    """Yield the traces in a value; `place.type` is what the model declares for an object here."""
    if isinstance(value, list):
        for inner in value:
            yield from _inside(inner, place, known)
    elif isinstance(value, dict):
        own, setting = model.type_of(value, place.type), value.get("settingDefinitionId")
        within = setting if isinstance(setting, str) else place.where
        for key, inner in value.items():
            if key not in _OWN or (place.texts and key == "id"):
                where = within if key in _PLUMBING else f"{within}.{key.removesuffix(_LINK)}".strip(".")
                yield from _property(inner, _Position(where, own, key, place.texts), known)


def _property(value: Any, place: _Position, known: KnownIds) -> Iterator[Mention]:
    for inner in value if isinstance(value, list) else [value]:
        if isinstance(inner, str):
            yield from _text(inner, place, known)
        else:
            yield from _inside(inner, replace(place, type=declared_type(place.type, place.key)), known)


def _text(text: str, place: _Position, known: KnownIds) -> Iterator[Mention]:
    inside = embedded_json.parse(embedded_json.decode(text)) if place.texts < _DEEPEST_TEXT else None
    if inside is not None:
        yield from _inside(inside, _Position(place.where, "", place.key, place.texts + 1), known)
    elif GUID.fullmatch(text_id := text.strip('"')) and text_id.lower() not in known:
        if text_id != ZERO_GUID and _is_like_an_id(place):
            yield Mention(place.where, text_id, is_whole=True)
    else:
        yield from _in_words(text, place, known)


def _is_like_an_id(place: _Position) -> bool:
    is_named_so = place.key in ("value", "valueJson", "id") or bool(_LIKE_AN_ID.search(place.key))
    return is_named_so and not is_no_reference(place.type, place.key)


def _in_words(text: str, place: _Position, known: KnownIds) -> Iterator[Mention]:
    where, opened = place.where, _opened(text)
    for found_id in GUID.findall(opened):
        if found_id.lower() in known:
            # The id in a link's address is mapped as a whole value, as any reference.
            is_whole = place.key.endswith(_LINK) or found_id == text.strip('"')
            yield Mention(where, found_id, known[found_id.lower()], is_whole=is_whole)
    if opened != text:  # security identifiers in the text itself are replaced with their groups
        for found_id in security_identifier.PATTERN.findall(opened):
            yield Mention(where, found_id, GROUPS)
    low = opened.lower()
    for domain in (name for name, kind in known.items() if kind == DOMAINS):
        if domain in low and re.search(rf"(?<![\w.-]){re.escape(domain)}(?![\w-])", low):
            yield Mention(where, domain, DOMAINS)


def _opened(text: str) -> str:
    """Return the text of a file in base64, in the encodings that scripts are saved in; anything else as it is."""
    try:
        file = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return text
    is_utf16 = file.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return file.decode("utf-16" if is_utf16 else "utf-8", errors="replace")


def leftover_sentences(mentions: Sequence[Mention], kind_label: Callable[[str], str]) -> list[str]:
    """Return the sentences of a plan about the traces. `kind_label` returns “the group” and the like for a kind."""
    lines = [_sentence(mention, kind_label) for mention in mentions[:MAX_SENTENCES]]
    more = len(mentions) - MAX_SENTENCES
    return [*lines, f"And {more} more such places."] if more > 0 else lines


def _sentence(mention: Mention, kind_label: Callable[[str], str]) -> str:
    if not mention.kind:
        return f"{mention.where} holds the id {mention.id}, and nobody knows of what: it is written as it is."
    named = kind_label(mention.kind).removeprefix("the ")
    return (
        f"{mention.where} holds the source tenant's {named} {mention.id}, which is written as it is: change it by hand."
    )
