"""Finding what in a body Microsoft's model does not allow, at any depth, in the service's words."""

import base64
import binascii
import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any

from graph.microsoft import model
from graph.microsoft.model import Property
from graph.simulator.model import observed_facts
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import invalid

Path = tuple[str | int, ...]
INTUNE = "microsoft.management.services.api"


@dataclass(frozen=True)
class Violation:
    path: Path
    message: str


def misfits(type_name: str, value: Any) -> Iterator[Violation]:
    """Yield the misfits of a value that its place declares to be of the type."""
    yield from _object((), type_name, value)


def _object(path: Path, declared: str, value: Any) -> Iterator[Violation]:
    if not isinstance(value, dict):
        yield Violation(path, _unexpected(value, "StartObject"))
        return
    stated = stated_type(value)
    problem = _type_problem(declared, stated)
    if problem:
        yield Violation((*path, "@odata.type"), problem)
        return
    known = checks(stated or declared)
    for name, inner in value.items():
        if "@" in name or name.startswith("#"):
            continue  # annotations
        check = known.get(name)
        if check is None:
            yield Violation(
                (*path, name),
                f"The property '{name}' does not exist on type 'microsoft.graph."
                f"{stated or declared}'. Make sure to only use property names that are defined by the type.",
            )
        elif inner is not None:
            yield from check((*path, name), inner)


def refuse_misfits(type_name: str, body: Any, *, is_intune: bool = True) -> None:
    """The first is what the service tells. Raises Refused."""
    for misfit in misfits(type_name, body):
        # Intune's back end has a namespace of its own (captured: Micke-K/IntuneManagement#318 and others).
        sentence = (
            misfit.message.replace("'microsoft.graph.", f"'{INTUNE}.")
            if "not assignable" in misfit.message
            else misfit.message
        )
        raise invalid(sentence if is_intune else misfit.message)


def refuse_parameter(parameter: Property, value: Any) -> None:
    """Raise Refused where the value does not fit the parameter of an action."""
    for misfit in () if value is None else _check(parameter)((parameter.name,), value):
        raise invalid(misfit.message)


def without_misfits(type_name: str, value: Object) -> Object:
    """Without what does not fit: as the service, which could not hold it, would give it."""
    copied: Object = copy.deepcopy(value)
    for path in sorted((misfit.path for misfit in misfits(type_name, value)), reverse=True):
        inside: Any = copied
        for step in path[:-1]:
            inside = inside[step]
        del inside[path[-1]]
    return copied


def stated_type(value: Object) -> str:
    return str(value.get("@odata.type") or "").removeprefix("#").removeprefix("microsoft.graph.")


def fits_there(collection: str, item: Object) -> bool:
    """Tell whether a collection can hold an object of its type; it can where nobody says what it holds."""
    declared = observed_facts.type_of_collection(collection)
    return declared is None or not _type_problem(declared, stated_type(item))


def _type_problem(declared: str, stated: str) -> str:
    if is_abstract(stated or declared):
        return f"Cannot create an abstract class: {stated or declared}. An @odata.type has to name one that is not."
    if not stated:
        return ""
    if not model.is_known(stated):
        return (
            f"A type named 'microsoft.graph.{stated}' could not be resolved by the model. When a model is available, "
            "each type name must resolve to a valid type."
        )
    if not model.is_a(stated, declared):
        return (
            f"An entry with type 'microsoft.graph.{stated}' was found, but it is not assignable to the expected type "
            f"'microsoft.graph.{declared}'. The type specified in the entry must be equal to either the expected "
            "type or a derived type."
        )
    return ""


def type_at(collection: str, item: Object) -> str:
    """Return the type of an object in a collection; "" where nobody says."""
    return stated_type(item) or observed_facts.type_of_collection(collection) or ""


def is_abstract(type_name: str) -> bool:
    """deviceManagementAbstractComplexSettingInstance is called so and is none: nothing comes from it."""
    if type_name in observed_facts.ABSTRACT:
        return True
    return model.is_known(type_name) and model.is_said_abstract(type_name) and len(model.subtypes(type_name)) > 1


Check = Callable[[Path, Any], Iterator[Violation]]


@cache
def checks(type_name: str) -> Mapping[str, Check]:
    """Return the check of each property, by name. Made once per type: most bodies are of a few types, thousands of
    times.
    """
    return {name: _check(declared) for name, declared in observed_facts.properties(type_name).items()}


def _check(one: Property) -> Check:
    single = _single(one)
    if not one.is_many:
        return single

    def many(path: Path, value: Any) -> Iterator[Violation]:
        if not isinstance(value, list):
            yield Violation(path, _unexpected(value, "StartArray"))
            return
        for number, inner in enumerate(value):
            if inner is not None:
                yield from single((*path, number), inner)

    return many


def _single(one: Property) -> Check:
    if one.kind == "object":
        target = one.type or ""
        return lambda path, value: _object(path, target, value)
    if one.kind == "any":
        return lambda _path, _value: iter(())
    fits, expected = _members(one) if one.kind in ("enum", "flags") else _KINDS[one.kind]

    def scalar(path: Path, value: Any) -> Iterator[Violation]:
        if not fits(value):
            shown = str(value)[:60]
            yield Violation(path, f"Cannot convert the literal '{shown}' to the expected type '{expected}' of property "
                         f"'{path[-1] if isinstance(path[-1], str) else path[-2]}'.")  # fmt: skip

    return scalar


def _members(one: Property) -> tuple[Callable[[Any], bool], str]:
    """Names in any case, and numbers in a text: so the portal sends them (Terraform provider: captures)."""
    name = one.type or ""
    members = frozenset(member.casefold() for member in (*model.enum(name), *observed_facts.MEMBERS.get(name, ())))
    has_several = one.kind == "flags" or name in observed_facts.FLAGS_IN_LISTS

    def are_members(value: Any) -> bool:
        if not isinstance(value, str):
            return False
        parts = value.split(",") if has_several else [value]
        return all(part.strip().casefold() in members or part.strip().isdigit() for part in parts)

    return are_members, f"microsoft.graph.{name}"


def _unexpected(value: Any, expected: str) -> str:
    node = "StartObject" if isinstance(value, dict) else "StartArray" if isinstance(value, list) else "PrimitiveValue"
    return (f"An unexpected '{node}' node was found when reading from the JSON reader. A '{expected}' node was "
            "expected.")  # fmt: skip


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return (isinstance(value, int | float) and not isinstance(value, bool)) or value in ("NaN", "INF", "-INF")


def is_base64(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _reads(parse: Callable[[str], Any], form: str) -> Callable[[Any], bool]:
    """Return a check that the text parses, in the form that OData writes, as a moment that exists."""
    shape = re.compile(form)

    def fits(value: Any) -> bool:
        match = shape.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return False
        try:
            parse(match[1])
        except ValueError:
            return False
        return True

    return fits


# ODL's reader wants the zone; seconds and fractions of any length may be there or not.
_DATE_TIME = r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
_DURATION = re.compile(r"-?P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "Edm.String"),
    "boolean": (lambda value: isinstance(value, bool), "Edm.Boolean"),
    "integer": (_is_integer, "Edm.Int32"),
    "number": (_is_number, "Edm.Double"),
    "dateTime": (_reads(datetime.fromisoformat, _DATE_TIME), "Edm.DateTimeOffset"),
    "date": (_reads(date.fromisoformat, r"(\d{4}-\d\d-\d\d)"), "Edm.Date"),
    "time": (_reads(time.fromisoformat, r"(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?"), "Edm.TimeOfDay"),
    "duration": (lambda value: isinstance(value, str) and bool(_DURATION.fullmatch(value)), "Edm.Duration"),
    "binary": (is_base64, "Edm.Binary"),
    "guid": (lambda value: isinstance(value, str) and bool(_GUID.fullmatch(value)), "Edm.Guid"),
}
