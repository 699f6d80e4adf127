"""Standards and their versions as documents: the same from a command and from the API."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from actors.standards import version_differences
from actors.standards.version_differences import VersionDifference
from db.models import Standard, StandardItem, StandardVersion
from db.standards import versions


def summary(standard: Standard, newest: StandardVersion | None, follower_count: int) -> dict[str, Any]:
    """Return a standard with the number of its newest version; null where there is none yet."""
    return {
        "id": standard.id,
        "name": str(standard.name),
        "description": str(standard.description),
        "created_at": _time(standard.created_at),
        "archived_at": _time(standard.archived_at),
        "newest_version": newest.number if newest else None,
        "items": newest.item_count if newest else 0,
        "followers": follower_count,
    }


def version_summary(version: StandardVersion, source_name: str) -> dict[str, Any]:
    """Return a version without its items. `source_name`: "" for whoever may not know it."""
    return {
        "number": version.number,
        "made_at": _time(version.made_at),
        "source": str(version.source),
        "source_name": source_name,
        "based_on": version.based_on,
        "with_assignments": version.with_assignments,
        "notes": str(version.notes),
        "item_count": version.item_count,
    }


def version_details(version: StandardVersion, source_name: str, earlier: StandardVersion | None) -> dict[str, Any]:
    """Return a version with its items, its parameters, and what changed since the earlier one. Raises SealError."""
    difference = version_differences.between(earlier, version) if earlier else None
    return {
        **version_summary(version, source_name),
        "items": [_item(item) for item in versions.items(version)],
        "parameters": [_parameter(row) for row in version.parameters],
        "since": _difference(earlier, difference) if earlier and difference else None,
    }


def _item(item: StandardItem) -> dict[str, Any]:
    return {"key": str(item.key), "policy_type": str(item.policy_type), "name": str(item.name)}


def _parameter(row: dict[str, Any]) -> dict[str, Any]:
    named = {name: row[name] for name in ("name", "kind", "label", "default", "object")}
    return {**named, "items": sorted({str(place["item"]) for place in row["places"]})}


def _difference(earlier: StandardVersion, difference: VersionDifference) -> dict[str, Any]:
    changed = [
        {**_item(row.item), "differences": [place.label for place in row.differences], "was": row.renamed_from or None}
        for row in difference.changed
    ]
    return {
        "version": earlier.number,
        "added": _items(difference.added),
        "removed": _items(difference.removed),
        "changed": changed,
    }


def _items(items: Collection[StandardItem]) -> list[dict[str, Any]]:
    return [_item(item) for item in items]


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds") + "Z"
