"""Find and rewrite the references in a policy: the ids of other objects that it holds.

They stand in the properties of graph/references/reference_kinds.py, wherever Microsoft's model shows these, also inside
JSON in a text, and as security identifiers inside any text. Any other value that is, as a whole, a known id of the
source tenant is a hint. A hint is replaced where it can be resolved, and reported where it cannot; it never blocks.
"""

import base64
import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
from graph.references.named_objects import (
    declared_type,
    is_no_reference,
    kind_of_stand_in,
    kind_of_type,
    names_nothing,
    reference_kind,
)
from graph.references.reference_kinds import (
    AGENTS,
    AGREEMENTS,
    APPLICATIONS,
    BY_SETTING,
    GROUPS,
    IMAGES,
    OBJECTS,
    PAYLOADS,
    PRINCIPALS,
    TOKENS,
    TOLD_ONLY,
    UNSURE,
    USERS,
    policy_types_of,
)
from graph.references.stand_ins import is_stand_in

Holder = dict[str, Any]
# Known ids of the source tenant, in small letters -> kind.
KnownIds = Mapping[str, str]
NOTHING_KNOWN: KnownIds = MappingProxyType({})

# A replacement that leaves out the assignment with the reference.
DROP = object()

# Kinds whose ids are GUIDs. Other texts there stand for everyone or everything, or are the same in every tenant.
_GUIDS_ONLY = frozenset(
    {USERS, GROUPS, APPLICATIONS, PRINCIPALS, AGENTS, AGREEMENTS, IMAGES, "namedLocations", "mobileApps"}
)
# The group ids in assignments to all users or all devices, the same in every tenant (Micke-K/IntuneManagement and
# others).
EVERYBODY = {"acacacac-9df4-4c7d-9d50-4ef0226f57a9": "All users", "adadadad-808e-44e2-905a-0b7873a8a531": "All devices"}
_BUILT_IN_STRENGTH = "00000000-0000-0000-0000-0000000000"
# Texts of people, and the ids of the policy and its children: never hints.
_NEVER_HINTS = frozenset({"id", "displayName", "name", "description", "notes"})
_XML = "omaSettingStringXml"
_REFERENCE_VALUE = "ReferenceSettingValue"
# How the types end whose `value` is an id, or holds some.
_TYPES_WITH_IDS = (_REFERENCE_VALUE, _XML)
# Characters that people write around an id.
_AROUND = " \t\r\n{}"
# A text as JSON: intents hold their values so.
_QUOTED = re.compile(r'"[^"\\]+"')
_BEGINS_JSON = frozenset('{["eW')  # "e" and "W" in base64: graph/content/embedded_json.py
# The most usual beginnings of a text that is no JSON.
_BEGIN_PLAINLY = frozenset(f"{string.ascii_letters}{string.digits}#_-./%") - _BEGINS_JSON
_SECURITY_IDENTIFIER = "S-1-12-1-"
# JSON in a text in JSON: nobody nests deeper.
_DEEPEST_TEXT = 2


@dataclass(frozen=True)
class Reference:
    """An id of another object, in a content."""

    kind: str
    id: str
    # In an assignment, which can be left out by itself; anywhere else the policy needs it.
    is_assignment: bool = False
    # Its place does not say that it is one, or Graph cannot be asked for it: it is told, and never blocks.
    is_hint: bool = False

    def candidates(self) -> Iterator[tuple[str, str]]:
        """Yield (policy type, id) of every policy that it may name."""
        return ((key, self.id) for key in (self.kind, *policy_types_of(self.kind)))


def fold_id(object_id: str) -> str:
    """Return the id in small letters, for comparison: people and tools write capitals too."""
    return GUID.sub(lambda match: match[0].lower(), object_id)


def find_references(
    policy_type: str, content: dict[str, Any], graph_id: str = "", known: KnownIds = NOTHING_KNOWN
) -> list[Reference]:
    """Return each reference once, in the order of the content; also the token that is part of the policy's own id."""
    token, _, profile = graph_id.partition("/")
    references: dict[Reference, None] = {Reference(TOKENS, token): None} if profile else {}

    def note(reference: Reference) -> Any:
        references[reference] = None
        return reference.id

    rewrite_references(policy_type, content, note, known)
    return list(references)


def find_holders(policy_type: str, content: dict[str, Any]) -> Iterator[tuple[Reference, Holder]]:
    """Yield (reference, object) where a reference is an object in the content, which may hold a name beside the id."""
    rewriting = _Rewriting(policy_type, lambda reference: reference.id, NOTHING_KNOWN)
    rewriting.content(content)
    yield from rewriting.objects


def rewrite_references(
    policy_type: str, content: dict[str, Any], replace_one: Callable[[Reference], Any], known: KnownIds = NOTHING_KNOWN
) -> dict[str, Any]:
    """Return a copy with each reference replaced by what `replace_one` returns; DROP leaves out its assignment."""
    return _Rewriting(policy_type, replace_one, known).content(content)


class _ReferencePlace(NamedTuple):
    """The place of a value: the `type` of its object, and the `parent` property that holds this object."""

    type: str = ""
    key: str = ""
    parent: str = ""
    holder: Holder | None = None
    kind: str | None = None
    # The type that the model declares for an object here.
    declared: str = ""
    # The settings catalog definition whose value it is.
    setting: str = ""
    texts: int = 0


class _Rewriting:
    def __init__(self, policy_type: str, replace_one: Callable[[Reference], Any], known: KnownIds) -> None:
        self._policy_type, self._replace, self._known = policy_type, replace_one, known
        self._in_assignment = self._is_dropped = False
        self.objects: list[tuple[Reference, Holder]] = []

    def content(self, content: dict[str, Any]) -> dict[str, Any]:
        root = root_type(POLICY_TYPES[self._policy_type])
        rewritten = {**content, "body": self._value(content["body"], _ReferencePlace(declared=root))}
        if isinstance(content.get("assignments"), list):
            rewritten["assignments"] = list(self._assignments(content["assignments"], root))
        return rewritten

    def _assignments(self, assignments: list[Any], root: str) -> Iterator[Any]:
        declared = declared_type(root, "assignments")
        self._in_assignment = True
        for assignment in assignments:
            self._is_dropped = False
            rewritten = self._value(assignment, _ReferencePlace(key="assignments", declared=declared))
            if not self._is_dropped:
                yield rewritten
        self._in_assignment = False

    def _value(self, value: Any, place: _ReferencePlace) -> Any:
        if isinstance(value, dict):
            return self._object(value, place.key, place.declared, place.setting, place.texts)
        if isinstance(value, list):
            return [self._value(inner, place) for inner in value]
        if not isinstance(value, str) or not value:
            return value
        if place.kind is None and (kind := kind_of_stand_in(place.type, place.key)) and is_stand_in(value):
            return self._id(value, place._replace(kind=kind))
        return self._id(value, place) if place.kind and _is_id(place.kind, value) else self._text(value, place)

    def _object(self, value: Holder, key: str, declared: str, setting: str, texts: int) -> Holder:
        """Rewrite an object that stands in the property `key`. Most of its values are passed by without a call."""
        own, definition = model.type_of(value, declared), value.get("settingDefinitionId")
        if isinstance(definition, str):
            setting = definition
        is_own_id = not texts and (self._policy_type, key) not in OBJECTS
        base, rewritten = None, {}
        for name, inner in value.items():
            if isinstance(inner, dict):
                inner = self._object(inner, name, declared_type(own, name), setting, texts)
            elif isinstance(inner, list) or (
                isinstance(inner, str)
                and (_may_name(own, name, inner, value, setting, is_own_id) or self._knows(inner))
            ):
                base = base or _ReferencePlace(own, "", key, value, None, "", setting, texts)
                inner = self._property(name, inner, base)
            # Numbers, switches and nothing are no ids.
            rewritten[name] = inner
        return rewritten

    def _property(self, key: str, value: str | list[Any], base: _ReferencePlace) -> Any:
        if not value:
            return value
        if key == "creationSource":
            return self._creation_source(value)
        kind = self._kind(key, base)
        if kind is None and isinstance(value, str) and _says_nothing(value, key, base.type) and not self._knows(value):
            return value
        declared = declared_type(base.type, key)
        place = _ReferencePlace(base.type, key, base.parent, base.holder, kind, declared, base.setting, base.texts)
        return self._value(value, place)

    def _knows(self, value: str) -> bool:
        return bool(self._known) and value.strip(_AROUND).lower() in self._known

    def _kind(self, key: str, base: _ReferencePlace) -> str | None:
        holder = base.holder or {}
        if key == "id":
            if base.texts:
                return kind_of_type(str(holder.get("@odata.type") or holder.get("type"))) or BY_SETTING.get(
                    base.setting
                )
            return OBJECTS.get((self._policy_type, base.parent))
        if key == "value":
            is_reference = str(holder.get("@odata.type")).endswith(_REFERENCE_VALUE)
            return "reusablePolicySettings" if is_reference else BY_SETTING.get(base.setting)
        if key == "targetId" and holder.get("targetType") == "parent":
            return None  # the other app says it
        if key == "targetId" and base.parent == DEVICE_GROUPS:
            return GROUPS
        return reference_kind(base.type, key) or _payload_kind(key, holder)

    def _creation_source(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(TOKEN_SOURCE):
            return value
        token = value.removeprefix(TOKEN_SOURCE)
        return f"{TOKEN_SOURCE}{self._replaced(Reference(TOKENS, fold_id(token)), token)}"

    def _id(self, value: str, place: _ReferencePlace) -> Any:
        reference = Reference(str(place.kind), fold_id(value), self._in_assignment, _is_hint(place))
        if place.key == "id" and place.holder and not place.texts:
            self.objects.append((reference, place.holder))
        return self._replaced(reference, value)

    def _replaced(self, reference: Reference, value: str) -> Any:
        """Ask for the replacement; an id that stays the same keeps its spelling."""
        answer = self._replace(reference)
        if answer is DROP:
            self._is_dropped = True
            return value
        return value if answer == reference.id else answer

    # --- texts -------------------------------------------------------------------------------------------------------

    def _text(self, value: str, place: _ReferencePlace) -> str:
        opened = embedded_json.decode(value) if place.texts < _DEEPEST_TEXT else ""
        inside = embedded_json.parse(opened)
        if inside is not None:
            deeper = _ReferencePlace(key=place.key, setting=place.setting, texts=place.texts + 1)
            rewritten = self._value(inside, deeper)
            return (
                value
                if rewritten == inside
                else embedded_json.encode_like(embedded_json.write_like(rewritten, opened), value)
            )
        if value[0] == '"' and _QUOTED.fullmatch(value):
            return f'"{self._value(value[1:-1], place)}"'
        if place.kind and place.kind == BY_SETTING.get(place.setting):
            return GUID.sub(lambda match: str(self._id(match[0], place)), value)
        if place.key == "value" and str((place.holder or {}).get("@odata.type")).endswith(_XML):
            return self._xml(value)
        object_id = value.strip(_AROUND) if self._known else ""
        kind = self._known.get(object_id.lower()) if object_id != ZERO_GUID else None
        if kind and self._may_be_hint(kind, place) and not is_no_reference(place.type, place.key):
            reference = Reference(kind, fold_id(object_id), self._in_assignment, is_hint=True)
            return value.replace(object_id, str(self._replaced(reference, object_id)))
        return self._security_identifiers(value)

    def _may_be_hint(self, kind: str, place: _ReferencePlace) -> bool:
        """Tell whether a known id may be a hint here. A group in a group is one, though it stands in an `id`."""
        is_member = self._policy_type == GROUPS and place.parent == "members" and kind == GROUPS
        return is_member or place.key not in _NEVER_HINTS or bool(place.texts)

    def _xml(self, value: str) -> str:
        """Rewrite the XML of an OMA-URI: base64, or text where it was revealed."""
        text = decode_base64(value)
        rewritten = self._security_identifiers(text)
        if rewritten == text:
            return value
        return rewritten if text == value else base64.b64encode(rewritten.encode()).decode()

    def _security_identifiers(self, value: str) -> str:
        return (
            security_identifier.PATTERN.sub(self._security_identifier, value)
            if _SECURITY_IDENTIFIER in value
            else value
        )

    def _security_identifier(self, match: re.Match[str]) -> str:
        object_id = security_identifier.to_object_id(match[0])
        answer = (
            self._replaced(Reference(GROUPS, object_id, self._in_assignment, is_hint=True), object_id)
            if object_id
            else object_id
        )
        is_another = bool(GUID.fullmatch(str(answer))) and answer != object_id
        return security_identifier.from_object_id(answer) if is_another else match[0]


# --- what the tables and the model say -------------------------------------------------------------------------------


def _says_nothing(value: str, key: str, type_name: str) -> bool:
    """Tell whether a text that names nothing by its place cannot hold an id either: it needs no closer look.

    It begins like no JSON, plain, quoted or in base64, and holds no security identifier; XML stands in a `value`.
    """
    begins_otherwise = value[0] not in _BEGINS_JSON and not value[0].isspace()
    is_another = begins_otherwise and key != "value" and _SECURITY_IDENTIFIER not in value
    return is_another and kind_of_stand_in(type_name, key) is None


def _may_name(own: str, name: str, text: str, holder: Holder, setting: str, is_own_id: bool) -> bool:
    """Tell whether a text in an object of the type `own` may name another object, whether or not it is a known id."""
    if text[:1] not in _BEGIN_PLAINLY or _SECURITY_IDENTIFIER in text:
        return True
    if name != "value":
        return not names_nothing(own, name, is_own_id)
    return setting in BY_SETTING or str(holder.get("@odata.type")).endswith(_TYPES_WITH_IDS)


def _payload_kind(key: str, holder: Holder) -> str | None:
    return PAYLOADS.get(model.bare_type(holder.get("@odata.type"))) if key == "payloadId" else None


def _is_hint(place: _ReferencePlace) -> bool:
    """Tell whether a reference is only a hint.

    Inside a text a name may mean anything, unless the setting, or a type beside the id, says whose id it is.
    """
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
