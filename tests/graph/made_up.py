"""Bodies that Microsoft's model allows, and the same bodies spelled otherwise."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

from graph.content.places import Place
from graph.microsoft import model

DEEPEST = 3


def body_of(kind, chance, depth=0):
    """An object of this type with every property set; null where it would go too deep."""
    made = {"@odata.type": f"{model.PREFIX}{kind}"}
    for found in model.properties(kind).values():
        if found.is_navigation or found.name == "id":
            continue
        made[found.name] = _several(found, chance, depth) if found.is_many else _value(found, chance, depth)
    return made


def parts_of(policy_type, kind, chance):
    """What is read for a body of this type by other routes."""
    names = {one.partition("(")[0] for one in policy_type.expand} | {one.name for one in policy_type.children}
    known = [model.properties(kind).get(name) for name in sorted(names | _PARTS)]
    return {
        one.name: [body_of(chance.choice(sorted(model.subtypes(one.type))), chance) | {"id": str(n)} for n in range(2)]
        for one in known
        if one and one.is_navigation and one.is_many
    }


_PARTS = {"categories", "relationships", "driverInventories"}


def _several(found, chance, depth):
    if found.kind in ("enum", "flags"):
        return chance.sample(model.enum(found.type), min(2, len(model.enum(found.type))))
    return [one for one in (_value(found, chance, depth) for _ in range(2)) if one is not None]


def _value(found, chance, depth):
    if found.kind == "object":
        kinds = sorted(model.subtypes(found.type)) if found.type else []
        return body_of(chance.choice(kinds), chance, depth + 1) if kinds and depth < DEEPEST else None
    return _OF_KIND[found.kind](found, chance)


def _moment(chance):
    return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(10**8))


def _flags(found, chance):
    members = model.enum(found.type)
    return ",".join(chance.sample(members, min(2, len(members))))


_OF_KIND = {
    "string": lambda found, chance: f"text {chance.randrange(10**9)}",
    "boolean": lambda found, chance: True,
    "integer": lambda found, chance: chance.randrange(1, 10**6),
    "number": lambda found, chance: chance.randrange(1, 10**6) + 0.5,
    "dateTime": lambda found, chance: f"{_moment(chance):%Y-%m-%dT%H:%M:%S}Z",
    "date": lambda found, chance: f"{_moment(chance):%Y-%m-%d}",
    "time": lambda found, chance: f"{_moment(chance):%H:%M}:00",
    "duration": lambda found, chance: f"P{chance.randrange(1, 60)}D",
    "guid": lambda found, chance: str(UUID(int=chance.getrandbits(128))),
    "binary": lambda found, chance: base64.b64encode(chance.randbytes(9)).decode(),
    "enum": lambda found, chance: chance.choice(model.enum(found.type)),
    "flags": _flags,
    "any": lambda found, chance: f"text {chance.randrange(10**9)}",
}


def respelled(value, place: Place, chance):
    """The same to everybody but a computer."""
    if isinstance(value, dict):
        return _respelled_object(value, place, chance)
    if isinstance(value, list):
        made = [respelled(one, place, chance) for one in value]
        if any(isinstance(one, dict) for one in made):
            return chance.sample(made, len(made)) if place.keys is not None else made
        return chance.sample([*made, *made[:1]], len(made) + len(made[:1])) if place.is_set else made
    return _RESPELLED.get(place.kind, lambda one: one)(value) if isinstance(value, str) else value


def _respelled_object(value, place, chance):
    made = {name: respelled(inner, place.inside(value, name), chance) for name, inner in value.items()}
    made = dict(chance.sample(list(made.items()), len(made)))
    if made.get("@odata.type") == f"{model.PREFIX}{place.declared}" and chance.random() < 0.5:
        del made["@odata.type"]
    return {name: chance.choice((None, [], {})) if inner is None else inner for name, inner in made.items()}


def _at_another_offset(value):
    there = datetime.fromisoformat(value.replace("Z", "+00:00")) + timedelta(hours=2)
    return f"{there:%Y-%m-%dT%H:%M:%S}.0000000+02:00"


_RESPELLED = {
    "dateTime": _at_another_offset,
    "time": lambda one: f"{one}.0000000",
    "duration": lambda one: f"PT{int(one.strip('PD')) * 24}H",
    "guid": str.upper,
    "binary": lambda one: f"{one[:4]}\r\n{one[4:]}",
    "flags": lambda one: ", ".join(reversed(one.split(","))),
}


def otherwise(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, list):
        return value[:-1]
    return None
