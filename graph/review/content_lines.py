"""A content as lines that a person reads before it is written; nothing is left out.

A value that is sent and not shown would be one that nobody approved. Ids are shown with the name that the target tenant
has for them, base64 as the text it is, a certificate by its subject, any other file by its size and SHA-256. A value
that the reader may not see is shown as hidden.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graph.content.element_names import NAMING_KEYS, element_name
from graph.content.odata import HOLDERS
from graph.content.secrets import settle_secrets
from graph.definitions.wording import NO_WORDS, Wording, property_key
from graph.display.decoding import describe_text, show_invisible
from graph.display.labels import NamesById, assignment_label, is_exclusion, readable_name
from graph.display.outline import choice_text
from graph.display.setting_titles import full_title, option_title, property_title, with_unit
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType
from graph.references.references import EVERYBODY
from graph.write.write_requests import PolicyContent, created_part, direct_assignments

# Types that a catalog setting's place implies: choiceSettingValue, simpleSettingCollectionValue, ...
_IMPLIED = f"{model.PREFIX}deviceManagementConfiguration"
_TEMPLATES = ("settingInstanceTemplateReference", "settingValueTemplateReference")
# Properties of an element of `settings` that are the service's, and never sent.
_NEVER_SENT = frozenset({"id", "settingDefinitions"})
# Objects that a policy only names: their id is sent, their name is shown.
_NAMED_ONLY = frozenset({"definition", "presentation"})


@dataclass(frozen=True)
class ContentLine:
    """One line of a content. `value`: None for a heading of deeper lines. `more`: the exact id or type behind it."""

    depth: int
    label: str
    value: str | None = None
    more: str = ""
    # The reader may not see it.
    is_hidden: bool = False


def sent_content(
    policy_type: PolicyType, want: PolicyContent, live: PolicyContent | None, *, with_assignments: bool
) -> PolicyContent:
    """Return all that is ever sent of a wanted content: by a create, or by an update."""
    body = settle_secrets(policy_type, want["body"], live and live["body"]).body
    part = created_part(policy_type, {**want, "body": body}, with_assignments=with_assignments)
    assignments = direct_assignments(want.get("assignments")) if with_assignments else None
    return {"body": _with_chosen_id(policy_type, part.get("body", {}), want["body"]), "assignments": assignments}


def _with_chosen_id(policy_type: PolicyType, part: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """Add the id for the types where we choose it: the language of a branding, the number of a context."""
    says = policy_type.key in ("organizationalBranding", "authenticationContextClassReferences")
    return ({"id": body.get("id")} if says else {}) | part


def body_lines(body: Any, masked: Any, names: NamesById, *, wording: Wording = NO_WORDS) -> list[ContentLine]:
    """Return the lines of a body. `masked`: the same body as the reader may see it.

    `wording`: Microsoft's words for settings. The id that is sent stands beside them.
    """
    writer = _LineWriter({**EVERYBODY, **names}, wording)
    empty = [readable_name(name) for name, inner in body.items() if _is_empty(inner)]
    return [
        *writer.object(body, masked, 0),
        *([ContentLine(0, "Not set", ", ".join(empty))] if empty else []),
    ]


def assignment_lines(assignments: Any, masked: Any, names: NamesById) -> list[ContentLine]:
    writer = _LineWriter({**EVERYBODY, **names})
    return [
        line
        for assignment, shown in zip(assignments, masked, strict=True)
        for line in writer.assignment(assignment, shown)
    ]


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {})


class _LineWriter:
    def __init__(self, names: Mapping[str, str | None], wording: Wording = NO_WORDS) -> None:
        self._names = names
        self._wording = wording

    def object(
        self, value: Any, masked: Any, depth: int, without: frozenset[str] = frozenset()
    ) -> Iterator[ContentLine]:
        kind = str(value.get("@odata.type") or "")
        for name, inner in value.items():
            is_implied = name == "@odata.type" and str(inner).startswith(_IMPLIED)
            if name not in without and not is_implied and not _is_empty(inner):
                yield from self._named(name, inner, _masked_at(masked, name, inner), depth, kind)

    def _named(self, name: str, value: Any, masked: Any, depth: int, kind: str = "") -> Iterator[ContentLine]:
        """Yield the lines of a property. `kind`: the OData type of its holder."""
        title = property_title(kind, name, self._wording)
        label = title or readable_name(name)
        if isinstance(value, HOLDERS) and not isinstance(masked, type(value)):
            yield self._hidden(label, masked, depth)
        elif name in _NAMED_ONLY and isinstance(value, dict) and value.get("id"):
            yield ContentLine(depth, label, self._called(value), str(value["id"]))
        elif isinstance(value, dict):
            yield ContentLine(depth, label)
            yield from self.object(value, masked, depth + 1)
        elif isinstance(value, list):
            yield from self._list(name, value, masked, depth, label)
        else:
            line = replace(self._leaf(name, value, masked, depth), label=label)
            yield self._in_words(line, kind, name, value) if title and not line.is_hidden else line

    def _in_words(self, line: ContentLine, kind: str, name: str, value: Any) -> ContentLine:
        """Say a value as Microsoft does, with the property and the value that are sent beside it."""
        chosen = option_title(property_key(kind, name), value, self._wording)
        exact = [name, line.more or (str(line.value) if chosen else "")]
        return replace(line, value=chosen or line.value, more=" · ".join(filter(None, exact)))

    def _called(self, value: dict[str, Any]) -> str:
        """Name an object as the target does. The content's own name for it is never sent, and may be anybody's."""
        target_name = self._names.get(str(value["id"]))
        if target_name:
            return show_invisible(target_name)
        own_name = value.get("displayName") or value.get("label")
        where = value.get("categoryPath")
        return show_invisible(
            f"“{own_name}{f' ({where})' if where else ''}”, as the content calls it" if own_name else str(value["id"])
        )

    def _list(self, name: str, value: list[Any], masked: list[Any], depth: int, label: str) -> Iterator[ContentLine]:
        if not any(isinstance(element, HOLDERS) for element in value) and all(_is_short(element) for element in value):
            shown = [self._leaf(name, element, seen, 0) for element, seen in zip(value, masked, strict=True)]
            more = ", ".join(filter(None, (line.more for line in shown)))
            is_hidden = any(line.is_hidden for line in shown)
            yield ContentLine(depth, label, ", ".join(str(line.value) for line in shown), more, is_hidden)
            return
        yield ContentLine(depth, label)
        for number, (element, seen) in enumerate(zip(value, masked, strict=True), start=1):
            yield from self._element(name, element, seen, depth + 1, number)

    def _element(self, name: str, value: Any, masked: Any, depth: int, number: int) -> Iterator[ContentLine]:
        if not isinstance(value, dict) or not isinstance(masked, dict):
            yield from (replace(line, label=f"{number}") if line.depth == depth else line
                        for line in self._named(name, value, masked, depth))  # fmt: skip
        elif isinstance(value.get("settingInstance"), dict) and isinstance(masked.get("settingInstance"), dict):
            yield from self._element(name, value["settingInstance"], masked["settingInstance"], depth, number)
            yield from self.object(value, masked, depth + 1, _NEVER_SENT | {"settingInstance"})
        elif value.get("settingDefinitionId") and "valueJson" not in value:
            yield from self._setting(value, masked, depth)
        else:
            title = full_title(str(masked.get("definitionId") or ""), self._wording)
            yield ContentLine(depth, title or self._element_name(masked, number))
            yield from self.object(value, masked, depth + 1)

    def _element_name(self, masked: dict[str, Any], number: int) -> str:
        is_named = any(masked.get(name) for name in NAMING_KEYS)
        return show_invisible(element_name(masked) if is_named else str(masked.get("displayName") or number))

    def _setting(self, instance: dict[str, Any], masked: dict[str, Any], depth: int) -> Iterator[ContentLine]:
        """Yield the setting's name and value on one line; all else of it below."""
        name = str(instance["settingDefinitionId"])
        keys = [key for key in instance if key.endswith(("SettingValue", "SettingCollectionValue"))]
        values = [pair for key in keys for pair in _values(instance[key], masked.get(key))]
        plain = [self._leaf(name, value["value"], _masked_at(seen, "value", value["value"]), depth)
                 for value, seen in values if value.get("value") is not None]  # fmt: skip
        is_choice = any(key.startswith("choiceSetting") for key in keys)
        texts = [self._setting_text(name, line, is_choice) for line in plain]
        templates = filter(None, map(_template_ids, [instance, *(value for value, _ in values)]))
        options = [str(line.value) for line, text in zip(plain, texts, strict=True) if is_choice and not line.is_hidden
                   and text != choice_text(name, str(line.value), is_choice=False)]  # fmt: skip
        more = " · ".join([name, *options, *(line.more for line in plain if line.more), *templates])
        yield ContentLine(
            depth,
            show_invisible(readable_name(name, wording=self._wording)),
            ", ".join(texts) if texts else None,
            more,
            any(line.is_hidden for line in plain),
        )
        yield from self.object(instance, masked, depth + 1, _shown_above(instance, {"settingDefinitionId", *keys}))
        for number, (value, seen) in enumerate(values, start=1):
            if len(values) > 1 and value.get("children"):
                yield ContentLine(depth + 1, str(number))
            yield from self.object(value, seen, depth + 1, _shown_above(value, {"value", "children"}))
            for at, (child, below) in enumerate(_values(value.get("children"), _masked_at(seen, "children", None)), 1):
                yield from self._element("children", child, below, depth + 1, at)

    def _setting_text(self, setting_id: str, line: ContentLine, is_choice: bool) -> str:
        text = str(line.value)
        if line.is_hidden:
            return choice_text(setting_id, text, is_choice=False)
        title = option_title(setting_id, text, self._wording)
        return title or with_unit(setting_id, choice_text(setting_id, text, is_choice=is_choice), self._wording)

    def assignment(self, value: dict[str, Any], masked: Any) -> Iterator[ContentLine]:
        target = value.get("target") or {}
        ids = [target[name] for name in ("groupId", "deviceAndAppManagementAssignmentFilterId") if target.get(name)]
        whom = show_invisible(assignment_label(value, self._names))
        more = [str(name) for name in ids if str(name) not in whom]
        yield ContentLine(0, "Exclude" if is_exclusion(value) else "Include", whom, " · ".join(more))
        yield from self.object(target, _masked_at(masked, "target", target), 1, _TARGET_ON_FIRST_LINE)
        yield from self.object(value, masked, 1, _ASSIGNMENT_ON_FIRST_LINE)

    def _leaf(self, name: str, value: Any, masked: Any, depth: int) -> ContentLine:
        label = readable_name(name)
        if value != masked:
            return self._hidden(label, masked, depth)
        if not isinstance(value, str):
            return ContentLine(depth, label, _plain_value(value))
        target_name = self._names.get(value)
        if target_name:
            return ContentLine(depth, label, show_invisible(target_name), value)
        text, more = describe_text(name, value)
        return ContentLine(depth, label, text, more)

    def _hidden(self, label: str, masked: Any, depth: int) -> ContentLine:
        """Return a hidden line, without a digest: whoever knows all but the password could try passwords against it."""
        return ContentLine(depth, label, masked if isinstance(masked, str) else "••••••", is_hidden=True)


def _masked_at(masked: Any, name: str, value: Any) -> Any:
    return masked.get(name) if isinstance(masked, dict) else masked


def _values(value: Any, masked: Any) -> list[tuple[dict[str, Any], Any]]:
    several = value if isinstance(value, list) else [value]
    seen = masked if isinstance(masked, list) else [masked] * len(several)
    return [pair for pair in zip(several, seen, strict=True) if isinstance(pair[0], dict)]


def _template_ids(holder: dict[str, Any]) -> str:
    ids = [
        str(value)
        for reference in _TEMPLATES
        for key, value in (holder.get(reference) or {}).items()
        if key.endswith("Id")
    ]
    return f"template {', '.join(ids)}" if ids else ""


def _shown_above(holder: dict[str, Any], names: set[str]) -> frozenset[str]:
    """Return the properties that the setting's own line shows, with template references that are no more than an id."""
    plain = {
        reference
        for reference in _TEMPLATES
        if len({key for key in holder.get(reference) or {} if "@" not in key}) == 1
    }
    return frozenset(names | plain)


_TARGET_ON_FIRST_LINE = frozenset(
    {"@odata.type", "groupId", "deviceAndAppManagementAssignmentFilterId", "deviceAndAppManagementAssignmentFilterType"}
)
_ASSIGNMENT_ON_FIRST_LINE = frozenset({"target", "id", "@odata.type", "source", "sourceId", "intent"})
LONGEST_ON_A_LINE = 200


def _is_short(value: Any) -> bool:
    return not isinstance(value, str) or len(value) <= LONGEST_ON_A_LINE


def _plain_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
