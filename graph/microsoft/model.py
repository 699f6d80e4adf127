"""Microsoft's model of Graph beta: types, properties, enumerations and routes.

Type names are Graph's own without the prefix: "windowsWifiConfiguration", "windowsUpdates.updatePolicy". What the model
does not say (what is required, abstract, immutable, only written, a secret) is in tables elsewhere, each row with its
source. That it does not know a property proves little about the service, which is newer; that it knows one proves much.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

SOURCE = "msgraph-beta-sdk 1.66.0"
PREFIX = "#microsoft.graph."
_READ_ONLY = "read-only "
# Of a type and a name, remembered together: names come from answers and uploads, which may hold any.
MOST_PAIRS = 1 << 16


@dataclass(frozen=True)
class Property:
    """`kind`: string, boolean, integer, number, dateTime, date, time, duration, binary (base64), guid, enum (one of its
    members), flags (some of them, in one comma-separated string), object, any.

    `type`: of an enum, flags or object. `is_many`: a list of that kind. `is_navigation`: it leads to an object with an
    id of its own.
    """

    name: str
    kind: str
    type: str | None = None
    is_many: bool = False
    is_read_only: bool = False
    is_navigation: bool = False


@dataclass(frozen=True)
class Route:
    """`methods`: verb -> the type of the body (of the answer, for a GET); for an action, its fields; None for none.

    `query`: the options that it takes ("$expand"), all verbs together.
    """

    template: str
    methods: Mapping[str, str | Mapping[str, Property] | None]
    query: frozenset[str]


@dataclass(frozen=True)
class FoundProperty:
    """A property inside a JSON value. `path`: of names and list positions; `property`: None where it is unknown."""

    path: tuple[str | int, ...]
    holder: dict[str, Any]
    key: str
    property: Property | None
    value: Any
    # The type that `holder` is.
    of: str


def _rows(name: str) -> Iterator[dict[str, Any]]:
    text = resources.files(__package__).joinpath(f"{name}.jsonl").read_text(encoding="utf-8")
    yield from map(json.loads, text.splitlines())


@cache
def _types() -> dict[str, dict[str, Any]]:
    return {row["type"]: row for row in _rows("types")}


@cache
def _enums() -> dict[str, tuple[str, ...]]:
    return {row["enum"]: tuple(row["members"]) for row in _rows("enums")}


@cache
def routes() -> Mapping[str, Route]:
    """Return the routes by template; each parameter of one is {}:
    "/deviceManagement/configurationPolicies/{}/assign".
    """
    return {row["route"]: _route(row) for row in _rows("routes")}


def _route(row: dict[str, Any]) -> Route:
    methods = {verb: _fields(what) if isinstance(what, dict) else what
               for verb, what in row.items() if verb not in ("route", "query")}  # fmt: skip
    return Route(row["route"], methods, frozenset(row.get("query", "").split()))


def _fields(written: Mapping[str, str]) -> Mapping[str, Property]:
    return {name: _property(name, what) for name, what in written.items()}


def _property(name: str, written: str) -> Property:
    """Read a property as types.jsonl writes it: "read-only [enum x]", "flags y", "string", "[mobileAppAssignment]"."""
    bare = written.removeprefix(_READ_ONLY)
    is_many = bare.startswith("[")
    sort, _, named = bare.strip("[]").partition(" ")
    is_object = not named and sort[:1].islower() and sort in _types()
    kind, target = ("object", sort) if is_object else (sort, named or None)
    return Property(name, kind, target, is_many, written.startswith(_READ_ONLY), is_object and is_entity(sort))


def type_names() -> frozenset[str]:
    return frozenset(_types())


def is_known(type_name: str) -> bool:
    return type_name in _types()


def is_said_abstract(type_name: str) -> bool:
    """Microsoft's own sentence about it calls it abstract. Of many that are, it says nothing."""
    return bool(_types()[type_name].get("abstract"))


@lru_cache(MOST_PAIRS)
def lineage(type_name: str) -> tuple[str, ...]:
    """The type, and those it comes from, nearest first; () for an unknown one."""
    names: list[str] = []
    name: str | None = type_name
    while name in _types():
        names.append(name)
        name = _types()[name].get("parent")
    return tuple(names)


def is_a(type_name: str, ancestor: str) -> bool:
    return ancestor in lineage(type_name)


def is_entity(type_name: str) -> bool:
    return is_a(type_name, "entity")


@lru_cache(MOST_PAIRS)
def subtypes(type_name: str) -> frozenset[str]:
    """All that come from it, itself among them."""
    return frozenset(name for name in _types() if type_name in lineage(name))


@lru_cache(MOST_PAIRS)
def properties(type_name: str) -> Mapping[str, Property]:
    """Return the properties by name, inherited ones among them; {} for an unknown type."""
    return {name: _property(name, written) for ancestor in reversed(lineage(type_name))
            for name, written in _types()[ancestor]["properties"].items()}  # fmt: skip


def enum(name: str) -> tuple[str, ...]:
    """Its members, in Microsoft's order. The service may answer newer ones where `unknownFutureValue` is among them."""
    return _enums()[name]


def type_of_collection(path: str) -> str:
    """Return the type of the objects listed at a path: "/deviceManagement/deviceConfigurations" ->
    "deviceConfiguration".
    """
    answered = routes()[path].methods["GET"]
    if not isinstance(answered, str):
        raise ValueError(f"{path} lists no objects of one type.")
    return answered


def bare_type(odata_type: Any) -> str:
    """Return the type name in an @odata.type, without its prefix; "" where there is none."""
    return str(odata_type or "").removeprefix(PREFIX)


def type_of(value: Any, declared: str) -> str:
    """Return the type of a JSON object: the one that its @odata.type names where the model knows it, else the one
    that its place declares.
    """
    odata_type = value.get("@odata.type") if isinstance(value, dict) else None
    return (_known_type(odata_type) or declared) if isinstance(odata_type, str) else declared


@lru_cache(MOST_PAIRS)
def _known_type(odata_type: str) -> str:
    """Return the type that an @odata.type names; "" for one that the model does not know."""
    bare = bare_type(odata_type)
    return bare if is_known(bare) else ""


def walk(type_name: str, value: Any) -> Iterator[FoundProperty]:
    """Every property inside an object of the type, outermost first; annotations are no properties."""
    yield from _walk(type_name, value, ())


def _walk(type_name: str, value: Any, path: tuple[str | int, ...]) -> Iterator[FoundProperty]:
    if not isinstance(value, dict):
        return
    actual = type_of(value, type_name)
    known = properties(actual)
    for key, inner in list(value.items()):
        if "@" in key:
            continue
        declared = known.get(key)
        yield FoundProperty((*path, key), value, key, declared, inner, actual)
        if declared is None or declared.kind != "object" or declared.type is None:
            continue
        inside = list(enumerate(inner)) if isinstance(inner, list) else []
        for position, element in inside:
            yield from _walk(declared.type, element, (*path, key, position))
        if isinstance(inner, dict):
            yield from _walk(declared.type, inner, (*path, key))
