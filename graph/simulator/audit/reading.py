"""The answers to reading an audit log: the filters that are known to work, and 400 for any other; pages."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from graph.simulator.audit import log
from graph.simulator.audit.intune_table import INTUNE
from graph.simulator.audit.log import AUDIT_EVENTS, DIRECTORY_AUDITS
from graph.simulator.model import odata
from graph.simulator.model.odata import BadQuery, Object
from graph.simulator.model.replies import Reply, not_found
from graph.simulator.store.state import Tenant

PAGE = 1000
_TIME = "activityDateTime"
_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "ge": lambda one, other: one >= other,
    "gt": lambda one, other: one > other,
    "le": lambda one, other: one <= other,
    "lt": lambda one, other: one < other,
    "eq": lambda one, other: one == other,
}
# Documented for directoryAudits: eq, ge and le (learn.microsoft.com, List directoryAudits). Seen of Intune: the rest.
_OF_TIME = {AUDIT_EVENTS: ("ge", "gt", "le", "lt"), DIRECTORY_AUDITS: ("ge", "le", "eq")}
_OPTIONS = frozenset({"filter", "top", "orderby", "select", "skiptoken", "count"})
_NAMES: Mapping[str, frozenset[str]] = {
    AUDIT_EVENTS: frozenset({
        "id", "displayName", "componentName", "activity", "activityDateTime", "activityType", "activityOperationType",
        "activityResult", "correlationId", "category", "actor", "resources",
    }),
    DIRECTORY_AUDITS: frozenset({
        "id", "category", "correlationId", "result", "resultReason", "activityDisplayName", "activityDateTime",
        "loggedByService", "operationType", "userAgent", "initiatedBy", "targetResources", "additionalDetails",
    }),
}  # fmt: skip
# Property -> the comparisons that are known to work with a text.
_TEXTS: Mapping[str, Mapping[str, frozenset[str]]] = {
    # almenscorner/IntuneCD: componentName, activityOperationType, auditResourceType.
    AUDIT_EVENTS: {
        "componentName": frozenset({"eq"}),
        "category": frozenset({"eq"}),
        "activityOperationType": frozenset({"eq", "ne"}),
        "actor/userPrincipalName": frozenset({"eq"}),
        "resources/auditResourceType": frozenset({"eq"}),
    },
    # learn.microsoft.com, List directoryAudits.
    DIRECTORY_AUDITS: {
        "loggedByService": frozenset({"eq"}),
        # In use by many (role changes, group changes); the page on directoryAudit does not say so.
        "category": frozenset({"eq"}),
        "activityDisplayName": frozenset({"eq", "startswith"}),
        "initiatedBy/user/id": frozenset({"eq"}),
        "initiatedBy/user/userPrincipalName": frozenset({"eq", "startswith"}),
        "initiatedBy/app/displayName": frozenset({"eq"}),
        "targetResources/id": frozenset({"eq"}),
        "targetResources/displayName": frozenset({"eq", "startswith"}),
    },
}
_CLAUSE = re.compile(r"([\w/]+) (eq|ne|ge|gt|le|lt) (.+)")
_STARTS = re.compile(r"startswith\(([\w/]+), ?('.*')\)")
_ANY = re.compile(r"(\w+)/any\((\w+): ?(.+)\)")


def read(tenant: Tenant, path: str, rest: list[str], query: str, url: str) -> Reply:
    """Raises BadQuery."""
    if rest and rest[0].startswith("getAudit"):
        return Reply(200, {"value": sorted(_menu(rest[0]))})
    found = log.readable(tenant, path, datetime.now(UTC))
    if rest:
        one = next((record for record in found if record["id"] == rest[0]), None)
        return Reply(200, one) if one else not_found(rest[0])
    options = odata.options(query)
    _refuse_options(path, options)
    for clause in _clauses(options.get("filter", "")):
        holds = _condition(path, clause)
        found = [record for record in found if holds(record)]
    page = odata.page(found, query, url, PAGE)
    if tenant.flags.get("audit_duplicates") and "skiptoken" in options and page["value"]:
        # A record that came in between moves the last one of the page before to the next.
        at = found.index(page["value"][0]) if "orderby" not in options else 0
        page["value"] = [found[max(at - 1, 0)], *page["value"]]
    page["value"] = [odata.selected(record, options.get("select", "")) for record in page["value"]]
    return Reply(200, {"@odata.context": f"https://graph.microsoft.com/beta/$metadata#{path}", **page})


def _menu(name: str) -> set[str]:
    category = re.search(r"category='(.*)'", name)
    if category:
        return {f"{verb} {row.entity}" for row in INTUNE.values() if row.category == category[1]
                for verb in ("Create", "Patch", "Delete")}  # fmt: skip
    return {row.category for row in INTUNE.values()}


def _refuse_options(path: str, options: Mapping[str, str]) -> None:
    for name in options:
        if name not in _OPTIONS:
            raise BadQuery(f"The query specified in the URI is not valid. Query option '${name}' is not allowed.")
    named = [
        *options.get("select", "").split(","),
        *(part.split(" ")[0] for part in options.get("orderby", "").split(",")),
    ]
    for name in named:
        if name.strip() and name.strip() not in _NAMES[path]:
            raise BadQuery(f"Could not find a property named '{name.strip()}' on the type of {path}.")
    if options.get("orderby", "").split(" ")[0] not in {"", _TIME}:
        raise BadQuery(f"Ordering by {options['orderby']} is not supported.")


def _clauses(text: str) -> Iterator[str]:
    """Split at `and` outside texts."""
    masked = re.sub(r"'(?:[^']|'')*'", lambda match: "'" + "x" * (len(match[0]) - 2) + "'", text)
    start = 0
    for match in re.finditer(r" and ", masked):
        yield text[start : match.start()].strip()
        start = match.end()
    if text[start:].strip():
        yield text[start:].strip()


def _condition(path: str, clause: str) -> Callable[[Object], bool]:
    if clause.startswith("(") and clause.endswith(")"):
        ways = [_condition(path, way) for way in clause[1:-1].split(" or ")]
        return lambda record: any(holds(record) for holds in ways)
    inner = _ANY.fullmatch(clause)
    if inner:
        prefix, variable, clause = inner[1], inner[2], inner[3]
        clause = re.sub(rf"\b{variable}/", f"{prefix}/", clause, count=1)
    starts, compared = _STARTS.fullmatch(clause), _CLAUSE.fullmatch(clause)
    name, verb, value = (starts[1], "startswith", starts[2]) if starts else compared.groups() if compared else ("",) * 3
    if name == _TIME and verb in _OF_TIME[path]:
        at, holds = _moment(value), _ORDER[verb]
        return lambda record: holds(_moment(record[_TIME]), at)
    if verb not in _TEXTS[path].get(name, ()) or not re.fullmatch(r"'.*'", value):
        raise BadQuery(f"Invalid filter clause: {clause}")
    text = value[1:-1].replace("''", "'")
    if verb == "ne":
        return lambda record: text not in _values(record, name)
    if verb == "startswith":
        return lambda record: any(held.startswith(text) for held in _values(record, name))
    return lambda record: text in _values(record, name)


def _values(record: Any, name: str) -> list[str]:
    found = [record]
    for part in name.split("/"):
        held = [item.get(part) for item in found if isinstance(item, dict)]
        found = [inner for item in held for inner in (item if isinstance(item, list) else [item])]
    return [str(item) for item in found if item is not None]


def _moment(text: str) -> float:
    """Quoted, a time is no time: 400 (the msec PowerShell module)."""
    try:
        plain = re.sub(r"(\.\d{6})\d+", r"\1", text)
        moment = datetime.fromisoformat(plain)
    except ValueError as e:
        raise BadQuery(f"Invalid filter clause: {text} is no Edm.DateTimeOffset.") from e
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
