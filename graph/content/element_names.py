"""What an element of an array is called: by the setting, definition, locale or target that identifies it."""

from typing import Any

from graph.content.normalise import canonical

# What names an element where nothing is known of its list, the first that it has.
NAMES = ("settingDefinitionId", "definitionId", "omaUri", "definition", "presentation", "locale", "payloadId",
          "mobileAppIdentifier", "target", "name")  # fmt: skip


def identity(item: Any, keys: tuple[str, ...] = NAMES) -> str:
    if not isinstance(item, dict):
        return canonical(item).strip('"')
    instance = item.get("settingInstance")
    if isinstance(instance, dict) and instance.get("settingDefinitionId"):
        return str(instance["settingDefinitionId"])
    key = next((item[one] for one in keys if item.get(one)), None)
    if isinstance(key, dict):
        return str(key.get("displayName") or key.get("id") or _target(key))
    return str(key) if key else canonical(item)[:80]


def _target(target: dict[str, Any]) -> str:
    bare = str(target.get("@odata.type") or "").removeprefix("#microsoft.graph.")
    return " ".join(str(part) for part in (bare, target.get("groupId") or target.get("packageId")) if part)
