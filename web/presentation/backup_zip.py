"""A backup set as a ZIP, made while it is sent: a readable JSON file for each policy, and a manifest."""

import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from actors.facade import policy_type_names
from actors.plans.drafts import fingerprint_of, text_fingerprint_of
from db.backups import backup_sets
from db.models import BackupSet, Snapshot
from db.policies import snapshots
from db.sql import value_lists

SNAPSHOTS_PER_QUERY = 50
MAX_NAME_LENGTH = 100
# Most file systems take 255; a number and the ending have to fit as well.
MAX_NAME_BYTES = 200
# What Windows refuses in a file's name, or takes for a device.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³]) *(\..*)?", re.IGNORECASE)


class ChunkBuffer:
    """The file that zipfile writes to: holds the bytes written since `take` was called last."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._chunks.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: zipfile calls it, and nothing waits here."""

    def take(self) -> bytes:
        data, self._chunks = b"".join(self._chunks), []
        return data


def zip_backup_set(backup_set: BackupSet, mask: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[bytes]:
    """Yield the ZIP of a backup set in chunks. `mask` returns what the reader may see of a content."""
    sink, entries, names = ChunkBuffer(), [], ZipPaths()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:  # type: ignore[call-overload]
        for snapshot in _snapshots(backup_set):
            path = names.path(snapshot.policy.policy_type, snapshot.name)
            document = snapshots.with_own_id(snapshots.read_snapshot(snapshot), snapshot.policy.graph_id)
            visible = mask(document)
            entries.append(_manifest_entry(snapshot, path) | _checksums(snapshot, document, visible))
            file.writestr(path, _json(visible))
            yield sink.take()
        file.writestr("manifest.json", _json(_manifest(backup_set, entries)))
    yield sink.take()


def _snapshots(backup_set: BackupSet) -> Iterator[Snapshot]:
    ids = backup_sets.snapshot_ids(backup_set)
    for chunk in value_lists.batched(ids, SNAPSHOTS_PER_QUERY):
        yield from snapshots.with_policies(chunk).order_by(Snapshot.id)


def _checksums(snapshot: Snapshot, document: dict[str, Any], visible: dict[str, Any]) -> dict[str, str]:
    """Return the checksums of what the file has: those of masked secrets would confirm a guess.

    `sha256` is of its text: whether the file is what was downloaded, whatever is called equal by then.
    """
    is_whole = visible == document
    fingerprint = snapshot.content.fingerprint if is_whole else fingerprint_of(snapshot.policy.policy_type, visible)
    return {"fingerprint": fingerprint, "sha256": text_fingerprint_of(visible)}


def _manifest_entry(snapshot: Snapshot, path: str) -> dict[str, Any]:
    return {
        "file": path,
        "policy_type": snapshot.policy.policy_type,
        "graph_id": snapshot.policy.graph_id,
        "name": snapshot.name,
        "snapshot": snapshot.id,
        "captured_at": f"{snapshot.captured_at.isoformat(timespec='seconds')}Z",
        "references": snapshot.references,
    }


def _manifest(backup_set: BackupSet, entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "backup_set": backup_set.id,
        "tenant": backup_set.tenant.name,
        "directory_id": backup_set.tenant.directory_id,
        "state": backup_set.state,
        "created_at": f"{backup_set.created_at.isoformat(timespec='seconds')}Z",
        "problems": backup_set.problems,
        "count": len(entries),
        "policies": entries,
    }


def _json(document: Any) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "backslashreplace")


class ZipPaths:
    """Hands out paths that are unique whatever the case, and that Windows takes."""

    def __init__(self) -> None:
        self._paths: set[str] = set()

    def path(self, policy_type: str, name: str) -> str:
        folder, bare = safe_file_name(policy_type_names.title(policy_type)), safe_file_name(name)
        number, path = 1, f"{folder}/{bare}.json"
        while _folded(path) in self._paths:
            number += 1
            path = f"{folder}/{bare} ({number}).json"
        self._paths.add(_folded(path))
        return path


def _folded(path: str) -> str:
    """Return the same text for paths that some system holds for one: Windows by case, macOS by how a letter is
    composed.
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def safe_file_name(name: str) -> str:
    """Return a file name, without its ending, that every system takes: a leading dot hides a file, a trailing one is
    lost on Windows.
    """
    text = (
        _FORBIDDEN.sub("_", name)[:MAX_NAME_LENGTH].encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip(" .") or "_"
    )
    return f"_{text}" if _DEVICES.fullmatch(text) else text
