"""Refusing queries that name what they may not: the options of the route, and in them properties of the type."""

import re
from collections.abc import Iterable, Iterator

from graph.microsoft import model
from graph.microsoft.model import Property
from graph.simulator.model import observed_facts, odata
from graph.simulator.model.addressing import Address

# A page's link is the service's own; $skip, $top and the like are only given where the package has them.
_ALWAYS = frozenset({"skiptoken", "format"})
# OData's, and so never a parameter that somebody made up and the service leaves aside.
_OPTIONS = frozenset({"select", "expand", "filter", "orderby", "top", "skip", "count", "search", "skiptoken", "format",
                      "deltatoken", "apply", "compute"})  # fmt: skip
_CAST = re.compile(r"(?:microsoft\.)?graph\.(\w+)$")
_COMPARED = re.compile(r"([A-Za-z_][\w./]*)\s+(?:eq|ne|gt|ge|lt|le|in|has)\b")
_CALLED = re.compile(r"\b(?:startswith|endswith|contains|tolower|toupper|length)\(\s*([A-Za-z_][\w./]*)")
_ANY = re.compile(r"([A-Za-z_][\w./]*)/(?:any|all)\(")
# Of each element of a list: `resources/any(s:s/auditResourceType eq …)`.
_VARIABLE = re.compile(r"/(?:any|all)\((\w+):")
_LITERAL = re.compile(r"'(?:[^']|'')*'")


def refuse_unknown(address: Address, query: str) -> None:
    """Raises odata.BadQuery."""
    options = odata.options(query)
    _refuse_options(address, query)
    if address.type is None:
        return
    for name in _names(options.get("select", "")):
        _property(address.type, name)
    _refuse_expand(address.type, options.get("expand", ""))
    for name in _compared(options.get("filter", "")):
        _property(address.type, name)
    for name in _names(options.get("orderby", "")):
        _property(address.type, name.split(" ")[0])


def _refuse_options(address: Address, query: str) -> None:
    allowed = {option.removeprefix("$").lower() for option in address.route.query} if address.route else set()
    for name in odata.options(query):
        is_ours = name in _OPTIONS or f"${name}" in query.lower()
        if is_ours and allowed and name not in allowed | _ALWAYS:
            raise odata.BadQuery(f"The query specified in the URI is not valid. The query option '${name}' is not "
                                 "allowed.")  # fmt: skip


def _names(text: str) -> Iterator[str]:
    yield from (name.strip() for name in text.split(",") if name.strip() and name.strip() != "*")


def _compared(text: str) -> Iterator[str]:
    bare = _LITERAL.sub("''", text)
    variables = {*_VARIABLE.findall(bare)}
    for pattern in (_COMPARED, _CALLED, _ANY):
        for word in pattern.findall(bare):
            if word not in ("not", "and", "or") and word.partition("/")[0] not in variables:
                yield word


def _refuse_expand(type_name: str, text: str) -> None:
    for name, inner in odata.expansions(text, with_casts=True).items():
        declared = _property(type_name, name)
        if declared is None or declared.type is None or not inner:
            continue
        nested = odata.options(inner.replace(";", "&"))
        for name in _names(nested.get("select", "")):
            _property(declared.type, name)
        _refuse_expand(declared.type, nested.get("expand", ""))


def _property(type_name: str, path: str) -> Property | None:
    """The first property of a path, behind its casts. None where the path leads on to what nobody says."""
    parts: Iterable[str] = path.split("/")
    for part in parts:
        cast = _CAST.search(part)
        if cast and model.is_known(cast[1]):
            type_name = cast[1]
            continue
        known = observed_facts.properties(type_name)
        declared = known.get(part) or next(
            (candidate for name, candidate in known.items() if name.lower() == part.lower()), None
        )
        if declared is None and known:
            raise odata.BadQuery(f"Could not find a property named '{part}' on type 'microsoft.graph.{type_name}'.")
        return declared
    return None
