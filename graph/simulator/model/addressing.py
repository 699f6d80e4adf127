"""Finding what a path leads to, by Microsoft's routes and by the types of what is there: properties, casts,
references.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from graph.microsoft import model
from graph.microsoft.model import Route
from graph.simulator.model import observed_facts
from graph.simulator.model.collections import COLLECTIONS

# What OData has below everything. $ref: learn.microsoft.com, "Use navigation properties"; below casts of device
# configurations: Micke-K/IntuneManagement (Set-GraphNavigationProperties).
_OPERATORS = frozenset({"$ref", "$count", "$value"})
_VERBS = ("GET", "POST", "PATCH", "PUT", "DELETE")
_NAMESPACES = ("microsoft.graph.", "graph.")


class UnknownSegment(Exception):
    """Microsoft's model has no such name at this place."""

    def __init__(self, segment: str) -> None:
        super().__init__(segment)
        self.segment = segment


class _Node:
    """A template's segment, in lower case and without parentheses, and those below it."""

    def __init__(self) -> None:
        self.below: dict[str, _Node] = {}
        self.route: Route | None = None


@dataclass(frozen=True)
class Address:
    """`type`: of what is there; None where nobody says. `route`: None where only a type tells that something is."""

    type: str | None = None
    is_many: bool = False
    route: Route | None = None
    node: _Node | None = field(default=None, repr=False)


@cache
def _root() -> _Node:
    root = _Node()
    for route in _routes():
        node = root
        for segment in route.template.strip("/").split("/"):
            node = node.below.setdefault(_bare(segment), _Node())
        node.route = route
    return root


def _routes() -> Iterator[Route]:
    """Microsoft's, and where the tables of the simulator have more: those of their sources."""
    known = model.routes()
    for template in {*known, *observed_facts.ROUTES}:
        route = known.get(template) or Route(template, {}, frozenset())
        more = {verb: None for verb in observed_facts.ROUTES.get(template, ()) if verb not in route.methods}
        yield replace(route, methods={**route.methods, **more})
    for row in COLLECTIONS.values():
        for template in (f"/{row.path}", f"/{row.path}/{{}}"):
            if template not in known:
                yield Route(template, dict.fromkeys(_VERBS), frozenset())


def _bare(segment: str) -> str:
    return segment.lower().partition("(")[0]


def resolve(parts: list[str]) -> Address:
    """Raises UnknownSegment."""
    here = Address(node=_root())
    for part in parts:
        here = _next(here, part)
    return here


def _next(here: Address, part: str) -> Address:
    below = here.node.below if here.node else {}
    node = below.get(_bare(part)) or (below.get("{}") if not part.startswith("$") else None)
    if node is not None:
        return _at(node, here)
    if here.type is None:
        raise UnknownSegment(part)
    if part in _OPERATORS:
        return Address(here.type, here.is_many)
    cast = _cast(part, here.type)
    if cast:
        return replace(here, type=cast, route=None)
    if here.is_many:
        return Address(here.type)
    return _property(here.type, part)


def _at(node: _Node, here: Address) -> Address:
    """Return the address at a node of the routes. A node between two routes is of the type that its place has."""
    if node.route is None:
        return Address(here.type, node=node)
    answered = node.route.methods.get("GET")
    path = node.route.template.strip("/")
    known = answered if isinstance(answered, str) else observed_facts.COLLECTIONS.get(path.removesuffix("/{}"))
    is_many = not node.route.template.endswith("{}") and ("{}" in node.below or "$top" in node.route.query)
    return Address(known, is_many, node.route, node)


def _cast(part: str, type_name: str) -> str | None:
    for prefix in _NAMESPACES:
        name = part.removeprefix(prefix)
        if name != part and model.is_known(name) and model.is_a(name, type_name):
            return name
    return None


def _property(type_name: str, part: str) -> Address:
    known: Mapping[str, model.Property] = observed_facts.properties(type_name)
    child = known.get(part) or next((segment for name, segment in known.items() if name.lower() == part.lower()), None)
    if child is None:
        raise UnknownSegment(part)
    return Address(child.type if child.kind == "object" else None, child.is_many)
