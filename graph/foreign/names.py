"""Names where ids belong: each becomes a stand-in, with its name beside it. A name is never sent as an id."""

from collections.abc import Mapping
from typing import Any

from graph.content.places import root_type
from graph.content.spellings import GUID
from graph.display import object_names
from graph.foreign import placeholders
from graph.foreign.export import FindingKind, ForeignPolicy
from graph.microsoft import model
from graph.policy_types.policy_type import MAX_NAME_LENGTH, storable
from graph.policy_types.table import POLICY_TYPES
from graph.references.named_objects import declared_type, kind_of_stand_in, reference_kind
from graph.references.object_ids import id_form, is_object_id
from graph.references.reference_kinds import (
    AGENTS,
    APPLICATIONS,
    BY_SETTING,
    GROUPS,
    OBJECTS,
    PAYLOADS,
    PRINCIPALS,
    ROLES,
    USERS,
)
from graph.references.references import EVERYBODY, find_references
from graph.references.stand_ins import stand_in

# Words of Microsoft's that stand where ids do, in small letters (learn.microsoft.com: conditionalAccessUsers,
# conditionalAccessApplications, conditionalAccessLocations, conditionalAccessClientApplications).
_WORDS: Mapping[str, frozenset[str]] = {
    USERS: frozenset({"all", "none", "guestsorexternalusers"}),
    APPLICATIONS: frozenset({"all", "none", "office365", "microsoftadminportals", "allagentidresources"}),
    PRINCIPALS: frozenset({"serviceprincipalsinmytenant", "all", "none"}),
    AGENTS: frozenset({"all", "none"}),
    "namedLocations": frozenset({"all", "alltrusted"}),
}
# What has the same id in every tenant: name in small letters -> id.
_SAME_EVERYWHERE: Mapping[str, Mapping[str, str]] = {
    "roleScopeTags": {"default": "0"},
    ROLES: {name.lower(): role for role, name in object_names.ROLES.items()},
    "authenticationStrengths": {name.lower(): strength for strength, name in object_names.STRENGTHS.items()},
}
# How names of these are kept beside a content (graph/read/directory_names.py).
_KEPT_AS = {GROUPS: "groups", "assignmentFilters": "filters"}
# Names that IntuneCD puts beside ids of the same objects: Graph knows no such properties.
_BESIDE_IDS = frozenset({"notificationTemplateName", "deviceComplianceScriptName"})

# (kind, id in small letters) -> name.
Names = dict[tuple[str, str], str]


def replace_names(policy: ForeignPolicy, known_ids: Mapping[tuple[str, str], str], names: Names) -> None:
    """Put an id into each place of an id that holds a name: the one object of the export that has it, else a stand-in.

    `known_ids`: {(kind, name): id} of the export's own objects. `names` learns the name of every stand-in.
    """
    replacing = _Replacing(policy, known_ids, names)
    policy.content = replacing.content(policy.content)
    if policy.other_content:
        policy.other_content = replacing.content(policy.other_content)
    if replacing.replaced:
        listed = ", ".join(f"“{name[:60]}”" for name in list(replacing.replaced)[:5])
        more = f" and {len(replacing.replaced) - 5} more" if len(replacing.replaced) > 5 else ""
        policy.note(
            FindingKind.PUT_RIGHT,
            f"Names stand in place of ids: {listed}{more}. A restore looks for the one object of that name, or asks.",
        )


class _Replacing:
    def __init__(self, policy: ForeignPolicy, known_ids: Mapping[tuple[str, str], str], names: Names) -> None:
        self._policy, self._known, self._names = policy, known_ids, names
        self.replaced: dict[str, None] = {}
        # The settings catalog definition whose value is being read.
        self._setting = ""

    def content(self, content: Mapping[str, Any]) -> dict[str, Any]:
        root = root_type(POLICY_TYPES[self._policy.policy_type])
        assignments = content.get("assignments")
        declared = declared_type(root, "assignments")
        return {
            "body": self._object(content["body"], root),
            "assignments": None
            if assignments is None
            else [self._assignment(assignment, declared) for assignment in assignments],
        }

    def _assignment(self, assignment: dict[str, Any], declared: str) -> dict[str, Any]:
        target = assignment.get("target")
        if isinstance(target, dict):
            group = target.get("groupName")
            target = {k: v for k, v in target.items() if k not in ("groupName", "groupType", "membershipRule")}
            if isinstance(group, str) and group and not target.get("groupId"):
                target["groupId"] = group
            assignment = {**assignment, "target": target}
        return self._object(assignment, declared)

    def _object(self, value: dict[str, Any], declared: str, parent: str = "") -> dict[str, Any]:
        own, definition = model.type_of(value, declared), value.get("settingDefinitionId")
        outer, self._setting = self._setting, definition if isinstance(definition, str) else self._setting
        replaced = {key: self._value(inner, own, key) for key, inner in value.items() if key not in _BESIDE_IDS}
        self._setting = outer
        kind = OBJECTS.get((self._policy.policy_type, parent)) if parent else None
        return {**replaced, **self._own_id(kind, value)} if kind else replaced

    def _own_id(self, kind: str, value: dict[str, Any]) -> dict[str, str]:
        """Return the id of an object that is referred to: where it has none, by its name."""
        text = value.get("id") or value.get("displayName")
        return {"id": self._id(kind, text, "id")} if isinstance(text, str) and text else {}

    def _value(self, value: Any, holder: str, key: str) -> Any:
        if isinstance(value, dict):
            return self._object(value, declared_type(holder, key), key)
        if isinstance(value, list):
            return [self._value(inner, holder, key) for inner in value]
        kind = self._kind(holder, key)
        if kind is not None and id_form(kind).rule and isinstance(value, str) and value:
            is_setting = key == "value" and GUID.search(value)  # an id, or JSON around it
            return value if is_setting else self._id(kind, value, key)
        return value

    def _kind(self, holder: str, key: str) -> str | None:
        if key == "value":
            return BY_SETTING.get(self._setting)
        if key == "payloadId":
            return PAYLOADS.get(holder)
        return reference_kind(holder, key) or kind_of_stand_in(holder, key)

    def _id(self, kind: str, value: str, key: str) -> str:
        text = value.strip()
        is_id = GUID.fullmatch(text) or is_object_id(kind, text)
        if is_id or text.lower() in EVERYBODY or text.lower() in _WORDS.get(kind, ()):
            return value
        if placeholders.is_placeholder(text):
            return self._placeholder(kind, text, key)
        self.replaced[text] = None
        if text.lower() in _SAME_EVERYWHERE.get(kind, ()):
            return _SAME_EVERYWHERE[kind][text.lower()]
        if (kind, text) in self._known:
            return self._known[kind, text]
        made = stand_in(kind, text)
        self._names[kind, made] = storable(text)[:MAX_NAME_LENGTH]
        return made

    def _placeholder(self, kind: str, text: str, key: str) -> str:
        """Return a stand-in of its own for each placeholder: two that look alike may mean two objects."""
        self._policy.note(
            FindingKind.ASK, f"“{text[:60]}” stands where an id belongs. A restore asks with a mapping what it means."
        )
        made = stand_in(kind, f"{self._policy.name}\n{key}\n{len(self._names)}\n{text}")
        self._names[kind, made] = f"placeholder {storable(text)[:100]} of {self._policy.name}"[:MAX_NAME_LENGTH]
        return made


def name_references(policy: ForeignPolicy, names: Mapping[tuple[str, str], str]) -> None:
    """Keep beside the policy the names of what it refers to, as far as the export says them."""
    for content in filter(None, (policy.content, policy.other_content)):
        for reference in find_references(policy.policy_type, content, policy.graph_id):
            for key in reference.candidates():
                name = names.get((key[0], key[1].lower()))
                if name:
                    kept_as = _KEPT_AS.get(reference.kind, reference.kind)
                    policy.references.setdefault(kept_as, {})[reference.id] = name
                    break
