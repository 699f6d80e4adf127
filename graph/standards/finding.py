"""Parameters of a standard, found by themselves: what differs from tenant to tenant in the contents of a version."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.content import embedded_json
from graph.content.normalise import decode_base64
from graph.content.odata import HOLDERS
from graph.display.labels import readable_name
from graph.policy_types.object_labels import object_label
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import DIRECTORIES, DOMAINS
from graph.references.references import NOTHING_KNOWN, KnownIds, find_references
from graph.standards.rendering import Path, occurrence
from graph.standards.values import ADDRESS, ADDRESS_TEXT, DOMAIN, HARMLESS, LONGEST_TEXT, NUMBER, OBJECT, PREFIX, TEXT

ObjectKey = tuple[str, str]


@dataclass(frozen=True)
class ItemContent:
    """A version's item, as its content is kept."""

    key: str
    policy_type: str
    name: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class SourceFacts:
    """The facts that are known of the tenant that contents are from.

    `names`: of objects, by (kind, id). `domains`: its own. `words`: texts that are its own, such as its name.
    `prefix`: what its names begin with; None: it is looked for.
    """

    names: Mapping[ObjectKey, str] = field(default_factory=dict)
    domains: Sequence[str] = ()
    words: Sequence[str] = ()
    prefix: str | None = None
    known: KnownIds = field(default_factory=lambda: NOTHING_KNOWN)


def find_parameters(items: Sequence[ItemContent], facts: SourceFacts) -> list[dict[str, Any]]:
    """Return the parameters of these items, objects first. Each is found in every item that has it.

    Their names are made of what they stand for, so that the next version has the same.
    """
    texts = [(item, path, value) for item in items for path, value in _texts(item)]
    return [
        *_objects(items, facts),
        *_prefix(items, facts.prefix),
        *_in_texts(texts, DOMAIN, _domains(texts, facts.domains), "Domain"),
        *_in_texts(texts, ADDRESS, _addresses(texts), "E-mail address"),
        *_in_texts(texts, TEXT, [word for word in dict.fromkeys(facts.words) if _is_word(word)], "Text"),
        *_numbers(items),
    ]


def _parameter(kind: str, name: str, label: str, default: Any, places: Iterable[tuple[str, Path]]) -> dict[str, Any]:
    return {
        "name": name[:200],
        "kind": kind,
        "label": label[:255],
        "default": default,
        "object": None,
        "places": [{"item": key, "path": list(path)} for key, path in places],
    }


# --- objects ---------------------------------------------------------------------------------------------------------


def _objects(items: Sequence[ItemContent], facts: SourceFacts) -> Iterator[dict[str, Any]]:
    """Yield a parameter for everything that items refer to and that is no item itself."""
    own = {(item.policy_type, item.key.lower()) for item in items}
    users: dict[ObjectKey, dict[str, None]] = {}
    for item in items:
        for reference in find_references(item.policy_type, dict(item.content), item.key, facts.known):
            is_item = any((kind, graph_id.lower()) in own for kind, graph_id in reference.candidates())
            if not is_item and reference.kind not in (DIRECTORIES, DOMAINS):
                users.setdefault((reference.kind, reference.id), {})[item.key] = None
    for (kind, object_id), keys in users.items():
        called = facts.names.get((kind, object_id)) or f"{object_label(kind).removeprefix('the ')} {object_id}"
        found = _parameter(OBJECT, f"{OBJECT}:{kind}:{object_id}", called, None, [(key, ()) for key in keys])
        yield {**found, "object": {"kind": kind, "id": object_id}}


# --- names -----------------------------------------------------------------------------------------------------------

# What separates the first part of a name from the rest: “CTSO - ”, “CTSO_”, “[CTSO] ”, “CTSO: ”.
_FIRST_PART = re.compile(r"(\[[^\]]{1,20}\]\s?|\([^)]{1,20}\)\s?|[^\s_:|–-]{1,20}(?:\s+[-–|:]\s+|[-_:|]\s?))")
_LEAST_NAMES = 2


def _prefix(items: Sequence[ItemContent], chosen: str | None) -> Iterator[dict[str, Any]]:
    """Yield what names begin with. Where they have nothing in common, each tenant may put something before them."""
    names = [(item, path, name) for item in items for path, name in _names(item)]
    if not names:
        return
    begin = chosen if chosen is not None else _common_begin([name for _, _, name in names])
    default = begin if any(name.startswith(begin) for _, _, name in names) else ""
    places = [(item.key, path) for item, path, name in names if name.startswith(default)]
    yield _parameter(PREFIX, PREFIX, "What names begin with", default, places)


def _names(item: ItemContent) -> Iterator[tuple[Path, str]]:
    policy_type = POLICY_TYPES[item.policy_type]
    name = item.content["body"].get(policy_type.name_property)
    is_built_in = policy_type.is_built_in(item.content["body"])
    if isinstance(name, str) and name and not (policy_type.is_single or policy_type.named or is_built_in):
        yield ("body", policy_type.name_property), name


def _common_begin(names: Sequence[str]) -> str:
    """Return the first part that most names share; "" where fewer do."""
    parts = Counter(match[0] for name in names if (match := _FIRST_PART.match(name)))
    begin, count = parts.most_common(1)[0] if parts else ("", 0)
    return begin if count >= _LEAST_NAMES and count * 2 > len(names) else ""


# --- texts -----------------------------------------------------------------------------------------------------------

# Texts that are the same everywhere, whatever they hold.
_NO_TEXTS = frozenset(
    {"id", "settingDefinitionId", "settingInstanceTemplateId", "settingValueTemplateId", "definitionId"}
)
_LONGEST_LOOKED_AT = 200_000
# A script that somebody signed is not changed: it would be worth nothing.
_SIGNED = "# SIG # Begin signature block"
_ADDRESS = re.compile(rf"(?<![\w.%+'-]){ADDRESS_TEXT}(?![\w-])", re.IGNORECASE)
_TENANT_DOMAIN = re.compile(
    r"(?<![\w.-])[a-z0-9-]{1,63}\.(?:onmicrosoft\.com|sharepoint\.com)(?![\w.-]*\w)", re.IGNORECASE
)
# Nobody's own.
_OF_ALL = re.compile(
    r"(?:^|[.@])(?:microsoft\.com|microsoftonline\.com|outlook\.com|hotmail\.com|live\.com|gmail\.com|googlemail\.com"
    r"|sharepoint(?:-my)?\.sharepoint\.com|apple\.com|icloud\.com|google\.com|android\.com|example\.(?:com|org|net)|windows\.net|azure\.com|github\.com)$",
    re.IGNORECASE,
)
_MOST_OF_A_KIND = 50

_Text = tuple[ItemContent, Path, str]


def _texts(item: ItemContent) -> Iterator[tuple[Path, str]]:
    """Yield (path, text) of what may hold a tenant's own words, opened where it is in base64."""
    for holder, at, path, _ in item_values(item.content):
        value = holder[at]
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        if not isinstance(value, str) or not value or name in _NO_TEXTS or name.startswith("@odata"):
            continue
        if len(value) > _LONGEST_LOOKED_AT:
            continue
        opened = embedded_json.decode(value)
        opened = decode_base64(value) if opened == value and len(value) >= 24 else opened
        if isinstance(opened, str) and _SIGNED not in opened:
            yield path, opened


def item_values(content: Mapping[str, Any]) -> Iterator[tuple[Any, str | int, Path, str]]:
    """Yield (its holder, its name or position there, path, the catalog's setting that it is of) of each plain value."""
    yield from _values_in(content["body"], ("body",), "")


def _values_in(holder: Any, path: Path, setting: str) -> Iterator[tuple[Any, str | int, Path, str]]:
    if isinstance(holder, dict):
        setting = str(holder.get("settingDefinitionId") or setting)
    for step, inner in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
        if isinstance(inner, HOLDERS):
            yield from _values_in(inner, (*path, step), setting)
        else:
            yield holder, step, (*path, step), setting


def _domains(texts: Iterable[_Text], own: Sequence[str]) -> list[str]:
    """Return the tenant's domains: those that are known, those of addresses, and those that Microsoft gives."""
    found = {domain.lower(): None for domain in own}
    for _, _, text in texts:
        for match in _TENANT_DOMAIN.finditer(text) if ".com" in text.lower() else ():
            found.setdefault(match[0].lower())
        for match in _ADDRESS.finditer(text) if "@" in text else ():
            found.setdefault(match[0].rpartition("@")[2].lower())
    return [domain for domain in found if not _OF_ALL.search(domain)]


def _addresses(texts: Iterable[_Text]) -> list[str]:
    found = {match[0].lower(): None for _, _, text in texts if "@" in text for match in _ADDRESS.finditer(text)}
    return [address for address in found if not _OF_ALL.search(address)]


def _is_word(word: str) -> bool:
    return 3 <= len(word.strip()) <= LONGEST_TEXT


def _in_texts(texts: Sequence[_Text], kind: str, defaults: Sequence[str], label: str) -> Iterator[dict[str, Any]]:
    """Yield a parameter for each default that a text holds as a whole."""
    for default in defaults[:_MOST_OF_A_KIND]:
        pattern, small = re.compile(occurrence(kind, default)), default.lower()
        places = [
            (item.key, path)
            for item, path, text in texts
            if small in text.lower() and pattern.search(text) and (kind in HARMLESS or _is_plain(item, path, text))
        ]
        if places:
            yield _parameter(kind, f"{kind}:{default}", f"{label} {default}", default, places)


def _is_plain(item: ItemContent, path: Path, text: str) -> bool:
    """Tell whether any text may stand here: markup, JSON and scripts could be broken by one."""
    value: Any = item.content
    for step in path:
        value = value[step]
    begins_otherwise = text.lstrip()[:1] not in ("{", "[", "<", "#")
    return value == text and begins_otherwise and "</" not in text and len(text) <= 4_000


# --- numbers ---------------------------------------------------------------------------------------------------------

# Days and shares of update rings: Microsoft's names for them in Graph's models and in the settings catalog.
_RING_SIZE = re.compile(
    r"(?:quality|feature|driver)updates?deferral|^deploymentdeferral|deferralindays$|defer(?:quality|feature)updates\w*days"
    r"|deferupdateperiod|deadlinefor\w+updates|deadlinegraceperiod|_update_configuredeadline|enforcedsoftwareupdatedelay"
    r"|offerinterval|daysuntilforced|rollbackwindow",
    re.IGNORECASE,
)


def _numbers(items: Sequence[ItemContent]) -> Iterator[dict[str, Any]]:
    """Yield a parameter for each number that makes an update ring what it is."""
    for item in items:
        places: dict[str, list[tuple[Path, int, str]]] = {}
        for holder, at, path, setting in item_values(item.content):
            value, called = holder[at], _setting_called(path, setting)
            if isinstance(value, int) and not isinstance(value, bool) and _RING_SIZE.search(called):
                places.setdefault(number_name(item.key, path, setting), []).append((path, value, called))
        for name, met in places.items():
            # A list of such numbers is no ring.
            if len(met) == 1:
                path, value, called = met[0]
                yield _parameter(NUMBER, name, f"{readable_name(called)}, {item.name}", value, [(item.key, path)])


def number_name(item_key: str, path: Path, setting: str) -> str:
    """Return the name of the parameter that a number at this place is."""
    return f"{NUMBER}:{item_key}:{_setting_called(path, setting)}"[:200]


def _setting_called(path: Path, setting: str) -> str:
    return setting if path[-1] == "value" and setting else str(path[-1])
