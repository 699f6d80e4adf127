"""Where a policy names other objects by id: in the places of graph/references/reference_kinds.py, wherever
Microsoft's model shows
them, also inside JSON that stands in a text, and as a security identifier inside any text.

Below that is a net: a value that is, as a whole, the id of something known of the source tenant is a hint at what it
refers to. A hint is replaced where it can be resolved and told where it cannot; it never blocks.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from graph.content import embedded_json
from graph.content.normalise import ZERO_GUID, decode_base64
from graph.content.places import root_type
from graph.content.spellings import GUID
from graph.microsoft import model
from graph.policy_types.enrollment import DEVICE_GROUPS, TOKEN_SOURCE
from graph.policy_types.table import POLICY_TYPES
from graph.references import security_identifier
from graph.references.reference_kinds import (
    AGENTS,
    AGREEMENTS,
    APPLICATIONS,
    BY_NAME,
    BY_SETTING,
    BY_TYPE,
    GROUPS,
    IMAGES,
    IS_NONE_BY_NAME,
    IS_NONE_BY_TYPE,
    OBJECTS,
    PAYLOADS,
    PRINCIPALS,
    TOKENS,
    TOLD_ONLY,
    UNSURE,
    USERS,
    policy_types_of,
)

Holder = dict[str, Any]
# id, in small letters -> kind: what is known of the source tenant.
Known = Mapping[str, str]
NOTHING: Known = MappingProxyType({})

# What stands instead of an assignment that names it.
DROP = object()

# Words that stand for everyone, everything or everywhere, and ids that are the same in every tenant.
_GUIDS_ONLY = frozenset(
    {USERS, GROUPS, APPLICATIONS, PRINCIPALS, AGENTS, AGREEMENTS, IMAGES, "namedLocations", "mobileApps"}
)
# What an assignment to all users or to all devices is called, in every tenant (Micke-K/IntuneManagement and others).
EVERYBODY = {"acacacac-9df4-4c7d-9d50-4ef0226f57a9": "All users", "adadadad-808e-44e2-905a-0b7873a8a531": "All devices"}
_BUILT_IN_STRENGTH = "00000000-0000-0000-0000-0000000000"
# What a person wrote; also the policy's own id, and its children's.
_NEVER_HINTS = frozenset({"id", "displayName", "name", "description", "notes"})
_XML = "omaSettingStringXml"
# A whole value, as people write it around an id.
_AROUND = " \t\r\n{}"
# A text as JSON, which is how an intent says its values.
_QUOTED = re.compile(r'"[^"\\]+"')
# Nobody puts more texts into each other.
_DEEPEST_TEXT = 2


@dataclass(frozen=True)
class Reference:
    kind: str
    id: str
    # In an assignment, which can be left out by itself; anywhere else the policy needs it.
    is_assignment: bool = False
    # Its place does not say that it is one, or Graph cannot be asked for it: it is told, and never blocks.
    is_hint: bool = False

    def may_be(self) -> Iterator[tuple[str, str]]:
        """(policy type, id) of every policy that it may be."""
        return ((key, self.id) for key in (self.kind, *policy_types_of(self.kind)))


def folded(one: str) -> str:
    """An id as ids are compared: people and tools write them in capitals too."""
    return GUID.sub(lambda found: found[0].lower(), one)


def find(policy_type: str, content: dict[str, Any], graph_id: str = "", known: Known = NOTHING) -> list[Reference]:
    """Every reference once, in the order of the content; also the token that is part of the policy's own id."""
    token, _, profile = graph_id.partition("/")
    found: dict[Reference, None] = {Reference(TOKENS, token): None} if profile else {}

    def note(reference: Reference) -> Any:
        found[reference] = None
        return reference.id

    rewrite(policy_type, content, note, known)
    return list(found)


def holders(policy_type: str, content: dict[str, Any]) -> Iterator[tuple[Reference, Holder]]:
    """Each reference that is an object of its own in the content, and so may say a name beside the id."""
    rewriting = _Rewriting(policy_type, lambda reference: reference.id, NOTHING)
    rewriting.content(content)
    yield from rewriting.objects


def rewrite(
    policy_type: str, content: dict[str, Any], replace_one: Callable[[Reference], Any], known: Known = NOTHING
) -> dict[str, Any]:
    """A copy in which each reference has become what `replace_one` answers; DROP leaves its assignment out."""
    return _Rewriting(policy_type, replace_one, known).content(content)


class _Place(NamedTuple):
    """Where a value stands. `type`: of the object that has it; `parent`: the property that this object is in."""

    type: str = ""
    key: str = ""
    parent: str = ""
    holder: Holder | None = None
    kind: str | None = None
    # What the model says that an object here is.
    declared: str = ""
    # The settings catalog's definition that it is a value of.
    setting: str = ""
    texts: int = 0


class _Rewriting:
    def __init__(self, policy_type: str, replace_one: Callable[[Reference], Any], known: Known) -> None:
        self._policy_type, self._replace, self._known = policy_type, replace_one, known
        self._is_assignment = self._is_dropped = False
        self.objects: list[tuple[Reference, Holder]] = []

    def content(self, content: dict[str, Any]) -> dict[str, Any]:
        root = root_type(POLICY_TYPES[self._policy_type])
        made = {**content, "body": self._value(content["body"], _Place(declared=root))}
        if isinstance(content.get("assignments"), list):
            made["assignments"] = list(self._assignments(content["assignments"], root))
        return made

    def _assignments(self, assignments: list[Any], root: str) -> Iterator[Any]:
        declared = declared_type(root, "assignments")
        self._is_assignment = True
        for one in assignments:
            self._is_dropped = False
            made = self._value(one, _Place(key="assignments", declared=declared))
            if not self._is_dropped:
                yield made
        self._is_assignment = False

    def _value(self, value: Any, place: _Place) -> Any:
        if isinstance(value, dict):
            return self._object(value, place)
        if isinstance(value, list):
            return [self._value(one, place) for one in value]
        if not isinstance(value, str) or not value:
            return value
        return self._id(value, place) if place.kind and _is_id(place.kind, value) else self._text(value, place)

    def _object(self, value: Holder, place: _Place) -> Holder:
        own, said = model.type_of(value, place.declared), value.get("settingDefinitionId")
        setting = said if isinstance(said, str) else place.setting
        base = _Place(type=own, parent=place.key, holder=value, setting=setting, texts=place.texts)
        return {key: self._property(key, inner, base) for key, inner in value.items()}

    def _property(self, key: str, value: Any, base: _Place) -> Any:
        if key == "creationSource":
            return self._creation_source(value)
        kind = self._kind(key, base)
        declared = declared_type(base.type, key)
        place = _Place(base.type, key, base.parent, base.holder, kind, declared, base.setting, base.texts)
        return self._value(value, place)

    def _kind(self, key: str, base: _Place) -> str | None:
        holder = base.holder or {}
        if key == "id":
            if base.texts:
                return _kind_of_type(str(holder.get("@odata.type") or holder.get("type"))) or BY_SETTING.get(
                    base.setting
                )
            return OBJECTS.get((self._policy_type, base.parent))
        if key == "value":
            is_reference = str(holder.get("@odata.type")).endswith("ReferenceSettingValue")
            return "reusablePolicySettings" if is_reference else BY_SETTING.get(base.setting)
        if key == "targetId" and holder.get("targetType") == "parent":
            return None  # the other app says it
        if key == "targetId" and base.parent == DEVICE_GROUPS:
            return GROUPS
        return kind_of(base.type, key) or _payload_kind(key, holder)

    def _creation_source(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(TOKEN_SOURCE):
            return value
        one = value.removeprefix(TOKEN_SOURCE)
        return f"{TOKEN_SOURCE}{self._asked(Reference(TOKENS, folded(one)), one)}"

    def _id(self, value: str, place: _Place) -> Any:
        reference = Reference(str(place.kind), folded(value), self._is_assignment, _is_hint(place))
        if place.key == "id" and place.holder and not place.texts:
            self.objects.append((reference, place.holder))
        return self._asked(reference, value)

    def _asked(self, reference: Reference, value: str) -> Any:
        """What stays the same id stays as it is written."""
        answer = self._replace(reference)
        if answer is DROP:
            self._is_dropped = True
            return value
        return value if answer == reference.id else answer

    # --- texts -------------------------------------------------------------------------------------------------------

    def _text(self, value: str, place: _Place) -> str:
        opened = embedded_json.decode(value) if place.texts < _DEEPEST_TEXT else ""
        inside = embedded_json.parse(opened)
        if inside is not None:
            deeper = _Place(key=place.key, setting=place.setting, texts=place.texts + 1)
            made = self._value(inside, deeper)
            return value if made == inside else embedded_json.encode_like(embedded_json.write_like(made, opened), value)
        if _QUOTED.fullmatch(value):
            return f'"{self._value(value[1:-1], place)}"'
        if place.kind and place.kind == BY_SETTING.get(place.setting):
            return GUID.sub(lambda found: str(self._id(found[0], place)), value)
        if place.key == "value" and str((place.holder or {}).get("@odata.type")).endswith(_XML):
            return self._xml(value)
        one = value.strip(_AROUND)
        kind = self._known.get(one.lower()) if one != ZERO_GUID else None
        if kind and not (place.key in _NEVER_HINTS and not place.texts) and not is_none(place.type, place.key):
            reference = Reference(kind, folded(one), self._is_assignment, is_hint=True)
            return value.replace(one, str(self._asked(reference, one)))
        return self._security_identifiers(value)

    def _xml(self, value: str) -> str:
        """An OMA-URI's XML is base64, or text where it was revealed."""
        text = decode_base64(value)
        made = self._security_identifiers(text)
        if made == text:
            return value
        return made if text == value else base64.b64encode(made.encode()).decode()

    def _security_identifiers(self, value: str) -> str:
        return security_identifier.PATTERN.sub(self._security_identifier, value) if "S-1-12-1-" in value else value

    def _security_identifier(self, found: re.Match[str]) -> str:
        one = security_identifier.object_id(found[0])
        answer = self._asked(Reference(GROUPS, one, self._is_assignment, is_hint=True), one) if one else one
        is_another = bool(GUID.fullmatch(str(answer))) and answer != one
        return security_identifier.of_object(answer) if is_another else found[0]


# --- what the tables and the model say -------------------------------------------------------------------------------


def kind_of(type_name: str, name: str) -> str | None:
    """The kind of object that a property of this type names; None for one that names none, or is not known."""
    return None if is_none(type_name, name) else _of_type(type_name, name) or BY_NAME.get(name)


@cache
def _of_type(type_name: str, name: str) -> str | None:
    return next((BY_TYPE[one, name] for one in model.lineage(type_name) if (one, name) in BY_TYPE), None)


@cache
def is_none(type_name: str, name: str) -> bool:
    """Named like an id, and known to be none of another object."""
    lineage = model.lineage(type_name)
    if any((one, name) in BY_TYPE for one in lineage):
        return False
    return name in IS_NONE_BY_NAME or any((one, name) in IS_NONE_BY_TYPE for one in lineage)


def _payload_kind(key: str, holder: Holder) -> str | None:
    return PAYLOADS.get(str(holder.get("@odata.type") or "").removeprefix(model.PREFIX)) if key == "payloadId" else None


@cache
def declared_type(type_name: str, name: str) -> str:
    """What the model says that an object in this property is."""
    found = model.properties(type_name).get(name)
    return found.type or "" if found and found.kind == "object" else ""


@cache
def _kind_of_type(said: str) -> str | None:
    """The policy type whose objects are of a type: “#microsoft.graph.win32LobApp” is an app."""
    bare = said.removeprefix(model.PREFIX)
    if bare == said or not model.is_known(bare):
        return None
    return next((key for key, row in POLICY_TYPES.items() if root_type(row) in model.lineage(bare)), None)


def _is_hint(place: _Place) -> bool:
    """Inside a text a name may mean anything, unless the setting, or a type beside the id, says what it is of."""
    is_anybodys = place.texts > 0 and place.key != "id" and place.setting not in BY_SETTING
    # The device group of enrollment is set by hand: graph/write/attainable.py.
    is_by_hand = place.parent == DEVICE_GROUPS
    return is_anybodys or is_by_hand or place.kind in TOLD_ONLY or place.key in UNSURE


def _is_id(kind: str, value: str) -> bool:
    if value == ZERO_GUID or value.lower() in EVERYBODY:
        return False
    if kind == "roleScopeTags":
        return value != "0"
    if kind == "authenticationStrengths":
        return not value.startswith(_BUILT_IN_STRENGTH)
    return bool(GUID.fullmatch(value)) if kind in _GUIDS_ONLY else True
