"""What an element of an array is called: by the setting, definition, locale or target that identifies it."""

from typing import Any

from graph.normalise import UNORDERED, canonical


def identity(array: str, item: Any) -> str:
    if not isinstance(item, dict):
        return canonical(item).strip('"')
    instance = item.get("settingInstance")
    if isinstance(instance, dict) and instance.get("settingDefinitionId"):
        return str(instance["settingDefinitionId"])
    by = UNORDERED.get(array)
    key = item.get(by) if by else item.get("settingDefinitionId") or item.get("definitionId")
    if isinstance(key, dict):
        return str(key.get("displayName") or key.get("id") or _target(key))
    return str(key) if key else canonical(item)[:80]


def _target(target: dict[str, Any]) -> str:
    bare = str(target.get("@odata.type") or "").removeprefix("#microsoft.graph.")
    return " ".join(str(part) for part in (bare, target.get("groupId") or target.get("packageId")) if part)
