"""Files that say something about policies in other files: whose export it is, names, assignments, scripts."""

import base64
import binascii
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from graph.content.spellings import GUID
from graph.foreign.decoding import Document, Unreadable, decode_text
from graph.foreign.export import FileState, FindingKind, ForeignFile, ForeignFormat, ForeignPolicy, ImportFinding
from graph.foreign.names import Names
from graph.policy_types.policy_type import MAX_NAME_LENGTH, storable

ASSIGNMENTS, SCRIPTS = "Assignments", "Script Content"
_TABLE_KINDS = {"group": "groups", "user": "users", "serviceprincipal": "servicePrincipalObjects"}
_TEXT_SCRIPTS = ("Script Data", "mobileconfig", SCRIPTS)
# Property with the base64 -> the ending of the side file's stem (jseerden/IntuneBackupAndRestore).
_SCRIPT_PROPERTIES = {
    "scriptContent": "",
    "payload": "",
    "detectionScriptContent": "_detection",
    "remediationScriptContent": "_remediation",
}
_FILE_NAMES = ("fileName", "payloadFileName")
_MOST_NAMES = 50_000


@dataclass
class Folders:
    """Everything that is known of an export besides its policies."""

    files: Mapping[str, bytes]
    documents: Mapping[str, Document]
    directory_id: str = ""
    organisation: str = ""
    findings: list[ImportFinding] = field(default_factory=list)
    names: Names = field(default_factory=dict)
    # Folders below which a format's own file lies.
    management: list[str] = field(default_factory=list)
    vaults: list[str] = field(default_factory=list)
    beside: dict[str, ForeignFile] = field(default_factory=dict)

    def is_below(self, path: str, roots: list[str]) -> bool:
        return any(not root or path.startswith(root) for root in roots)

    @cached_property
    def intune_backups(self) -> frozenset[str]:
        """The folders in which, somewhere below, a folder of assignments or scripts of IntuneBackupAndRestore is.

        "" is the whole export.
        """
        found: set[str] = set()
        for path in self.files:
            parts = path.split("/")[:-1]
            if {ASSIGNMENTS, SCRIPTS} & set(parts):
                found.update("/".join(parts[:depth]) for depth in range(len(parts) + 1))
        return frozenset(found)


def look_around(files: Mapping[str, bytes], documents: Mapping[str, Document]) -> Folders:
    """Read everything that is no policy and says something about policies."""
    folders = Folders(files, documents)
    for path, document in documents.items():
        value = document.value
        if not isinstance(value, dict):
            continue
        if isinstance(value.get("Objects"), list | dict) and "TenantId" in value:
            _migration_table(folders, path, value)
        elif "BackupFormat" in value and "ItemCounts" in value:
            _vault(folders, path, value)
        elif PurePosixPath(path).name == "Organization.json" and GUID.fullmatch(str(value.get("id"))):
            _say_directory(folders, value.get("id"), value.get("displayName"))
            _mark(folders, path, ForeignFormat.ENTRA_EXPORTER, "It says which tenant the export is of.")
    for path in files:
        if path.lower().endswith(".csv"):
            _names_in_table(folders, path)
    return folders


def _mark(folders: Folders, path: str, form: ForeignFormat | None, why: str) -> None:
    folders.beside[path] = ForeignFile(path, FileState.BESIDE, form, why)


def _say_directory(folders: Folders, directory_id: Any, name: Any) -> None:
    if not GUID.fullmatch(str(directory_id)):
        return
    directory_id = str(directory_id).lower()
    if folders.directory_id and folders.directory_id != directory_id:
        text = "Files of two tenants are in it. It is taken for an export of the first."
        folders.findings.append(ImportFinding(FindingKind.ASK, text))
        return
    folders.directory_id, folders.organisation = directory_id, storable(str(name or ""))[:200]


def _migration_table(folders: Folders, path: str, value: Mapping[str, Any]) -> None:
    _say_directory(folders, value.get("TenantId"), value.get("Organization"))
    folders.management.append(path[: path.rfind("/") + 1])
    objects = value["Objects"] if isinstance(value["Objects"], list) else [value["Objects"]]
    for row in objects[:_MOST_NAMES]:
        if not isinstance(row, dict):
            continue
        kind = _TABLE_KINDS.get(str(row.get("Type") or "Group").lower().replace(" ", ""), "groups")
        if isinstance(row.get("Id"), str) and isinstance(row.get("DisplayName"), str):
            folders.names[kind, row["Id"].lower()] = storable(row["DisplayName"])[:MAX_NAME_LENGTH]
    _mark(folders, path, ForeignFormat.INTUNE_MANAGEMENT, "It names the tenant, and the groups behind the ids.")


def _vault(folders: Folders, path: str, value: Mapping[str, Any]) -> None:
    _say_directory(folders, value.get("TenantId"), value.get("TenantName"))
    folders.vaults.append(path[: path.rfind("/") + 1])
    status = storable(str(value.get("Status")))[:60]
    if status != "Success":
        text = f"The backup says of itself “{status}”: policies are missing from it."
        folders.findings.append(ImportFinding(FindingKind.MISSING, text))
    _mark(folders, path, ForeignFormat.TENU_VAULT, f"It says how the backup went: {status}.")


def _names_in_table(folders: Folders, path: str) -> None:
    """Read names of groups from a table with the columns DisplayName and Id."""
    try:
        rows = csv.reader(io.StringIO(decode_text(folders.files[path])[:4_000_000]))
        header = [cell.strip().lower() for cell in next(rows, [])]
        if not {"displayname", "id"} <= set(header):
            return
        name_at, id_at = header.index("displayname"), header.index("id")
        for row, _ in zip(rows, range(_MOST_NAMES), strict=False):
            if len(row) > max(name_at, id_at) and GUID.fullmatch(row[id_at].strip()):
                name = storable(row[name_at])[:MAX_NAME_LENGTH]
                folders.names.setdefault(("groups", row[id_at].strip().lower()), name)
    except (Unreadable, csv.Error):
        return
    _mark(folders, path, None, "It names the groups behind the ids.")


def assignments_beside(folders: Folders, path: str) -> Any:
    """Return what the file of assignments beside a policy holds; None where there is none."""
    folder, _, name = path.rpartition("/")
    beside = f"{folder}/{ASSIGNMENTS}/{name}".lstrip("/")
    if beside not in folders.documents:
        return None
    _mark(folders, beside, ForeignFormat.INTUNE_BACKUP, "It holds the assignments of a policy.")
    return folders.documents[beside].value


def compare_scripts(folders: Folders, policy: ForeignPolicy) -> None:
    """Compare the scripts and payloads in the policy with the files beside it. Where they differ, keep both."""
    body = policy.content["body"]
    for name, ending in _SCRIPT_PROPERTIES.items():
        if not isinstance(body.get(name), str):
            continue
        path = _side_file(folders, policy.path, body, ending)
        if not path:
            continue
        _mark(folders, path, policy.format, "It holds the script or the payload of a policy, in clear.")
        own, beside = _decoded(body[name]), folders.files[path]
        if own is None or _same_text(own, beside):
            continue
        policy.note(
            FindingKind.ASK,
            f"The file “{path.rpartition('/')[2][:100]}” beside it holds another {name} than the policy does: choose.",
        )
        other = policy.other_content or {**policy.content, "body": dict(body)}
        other["body"][name] = base64.b64encode(beside).decode()
        policy.other_content = other


def _side_file(folders: Folders, path: str, body: Mapping[str, Any], ending: str) -> str:
    folder, stem = path.rpartition("/")[0], PurePosixPath(path).stem
    wanted = [str(body[key]) for key in _FILE_NAMES if isinstance(body.get(key), str)]
    for beside in _TEXT_SCRIPTS:
        prefix = f"{folder}/{beside}/".lstrip("/")
        for name in [f"{stem}{ending}", *wanted] if not ending else [f"{stem}{ending}"]:
            for tail in ("", ".ps1", ".sh", ".mobileconfig"):
                if f"{prefix}{name}{tail}" in folders.files:
                    return f"{prefix}{name}{tail}"
    return ""


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _same_text(left: bytes, right: bytes) -> bool:
    """Tell whether two texts are alike but for the mark of their encoding and line ends, which tools add."""
    return _plain(left) == _plain(right)


def _plain(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").rstrip()
