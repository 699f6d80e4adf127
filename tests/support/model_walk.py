"""One answer for every property that Microsoft's model has of a policy type, at any depth: what becomes of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from graph.content.normalise import is_own_object
from graph.content.places import root_type
from graph.content.secret_table import SECRETS
from graph.content.service_made import is_service_made, is_service_made_outermost
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType
from graph.read import unread
from graph.references.named_objects import reference_kind
from graph.references.navigations import all_links
from graph.references.reference_kinds import OBJECTS
from graph.write.write_rules import WRITE_RULES

CONTENT = "compared and written"
COMPUTED = "the service's own"
REFERENCE = "a reference"
SECRET = "a secret"
PART = "beside the body"
NOT_SENT = "kept and compared, never sent"
UNREAD = "not read, with its reason"


@dataclass(frozen=True)
class Answer:
    of: str
    name: str
    what: str
    # The kind of object that a reference is to.
    kind: str = ""


def answers(row: PolicyType) -> list[Answer]:
    """Return the answer for each property, once for all subtypes that have it. Raises LookupError for a property
    that no table knows of.
    """
    seen: set[str] = set()
    return [one for kind in sorted(model.subtypes(root_type(row))) for one in _of_type(row, kind, seen, is_root=True)]


def _of_type(row: PolicyType, kind: str, seen: set[str], *, is_root: bool = False) -> Iterator[Answer]:
    if kind in seen:
        return
    seen.add(kind)
    for name, found in model.properties(kind).items():
        if name == "id":
            continue
        answer = _answer(row, kind, found, is_root=is_root)
        yield answer
        if found.kind == "object" and found.type and answer.what in (CONTENT, PART, NOT_SENT):
            for inner in sorted(model.subtypes(found.type)):
                yield from _of_type(row, inner, seen)


def _answer(row: PolicyType, kind: str, found: model.Property, *, is_root: bool) -> Answer:
    name = found.name
    declared = next(one for one in reversed(model.lineage(kind)) if name in model.properties(one))
    if is_root and (name in row.volatile or is_service_made_outermost(kind, name)):
        return Answer(declared, name, COMPUTED)
    if not is_root and is_service_made(kind, name):
        return Answer(declared, name, COMPUTED)
    if any((one, name) in SECRETS for one in model.lineage(kind)):
        return Answer(declared, name, SECRET)
    if found.is_navigation or is_own_object(str(found.type)):
        return _of_navigation(row, declared, found, is_root=is_root)
    to = reference_kind(kind, name)
    if to:
        return Answer(declared, name, REFERENCE, to)
    return Answer(declared, name, NOT_SENT if is_root and name in WRITE_RULES[row.key].drop else CONTENT)


def _of_navigation(row: PolicyType, declared: str, found: model.Property, *, is_root: bool) -> Answer:
    name = found.name
    links = all_links(row.key)
    if is_own_object(str(found.type)) and name not in links:
        return Answer(declared, name, REFERENCE, OBJECTS.get((row.key, name), ""))
    if is_root and name in links:
        return Answer(declared, name, REFERENCE, links[name].kind)
    if is_root and unread.rows_for(unread.NAVIGATIONS, row.key, name):
        return Answer(declared, name, UNREAD)
    if (is_root and name == "assignments") or name in _read(row):
        return Answer(declared, name, PART)
    if not is_root and unread.rows_for(unread.INSIDE, row.key, name):
        return Answer(declared, name, UNREAD)
    raise LookupError(f"{row.key}: nothing says what becomes of {declared}.{name}, which leads to {found.type}")


def _read(row: PolicyType) -> set[str]:
    expanded = {word for one in row.expand for word in re.findall(r"\w+", one)}
    below = {word for child in row.children for word in re.findall(r"\w+", f"{child.name} {child.query}")}
    return expanded | below | SPECIAL


# Read by rules of their own (graph/read/details.py).
SPECIAL = {"privacyAccessControls", "presentationValues"}
