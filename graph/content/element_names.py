"""Names for the elements of arrays: the setting, definition, locale or target that identifies one."""

from typing import Any

from graph.content.normalise import canonical_json
from graph.microsoft.model import bare_type

# The keys that name an element of a list that no table knows; the first that it has.
NAMING_KEYS = ("settingDefinitionId", "definitionId", "omaUri", "definition", "presentation", "locale", "payloadId",
          "mobileAppIdentifier", "target", "name")  # fmt: skip


def element_name(item: Any, keys: tuple[str, ...] = NAMING_KEYS) -> str:
    if not isinstance(item, dict):
        return canonical_json(item).strip('"')
    instance = item.get("settingInstance")
    if isinstance(instance, dict) and instance.get("settingDefinitionId"):
        return str(instance["settingDefinitionId"])
    key = next((item[key_name] for key_name in keys if item.get(key_name)), None)
    if isinstance(key, dict):
        return str(key.get("displayName") or key.get("id") or _target_name(key))
    return str(key) if key else canonical_json(item)[:80]


def _target_name(target: dict[str, Any]) -> str:
    bare = bare_type(target.get("@odata.type"))
    return " ".join(str(part) for part in (bare, target.get("groupId") or target.get("packageId")) if part)
