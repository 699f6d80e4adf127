"""The names in a store, and what its first file and its manifests say: docs/copies.md is the contract."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from actors.copies.stores.store import NotStored, Store, StoreError, StoreRefused
from db.backups.set_items import SetItem
from db.copies.signer import Signer
from db.copies.turns import Turn
from db.models import BackupSet, CopiedContent, CopiedSet, CopyStore

FORMAT = 1
FIRST_FILE = "tenantkeep-copies.json"
PROBES = "probes/"
SETS = "sets/"
STATES = "state/"
ERASED = "erased/"
TURNS = "turns/"
# Whoever may write to a store could put there a number that no database takes.
_MANIFEST = re.compile(r"sets/([^/]+)/([0-9]{1,18})/manifest\.json\.age")
_TURN = re.compile(r"([1-9][0-9]{0,8})-([0-9a-f]{32})\.json")
# Those beside the folders of contents.
FEW_FOLDERS = ("erased", "probes", "sets", "state", "turns")


def content_path(name: str) -> str:
    return f"contents/{name[:2]}/{name}.age"


def sets_of(directory_id: str) -> str:
    """Return how all names begin that are of the sets of a tenant."""
    return f"{SETS}{directory_id}/"


def manifest_path(copied: CopiedSet) -> str:
    return f"{sets_of(copied.directory_id)}{copied.set_number}/manifest.json.age"


def set_in(name: str) -> tuple[str, int] | None:
    """Return (directory id, number) of the set whose manifest has this name; None where it is something else's."""
    found = _MANIFEST.fullmatch(name)
    return (found[1], int(found[2])) if found else None


def state_path(at: datetime) -> str:
    return f"{STATES}{at:%Y%m%dT%H%M%SZ}.age"


def is_state(name: str) -> bool:
    return name.startswith(STATES) and name.endswith(".age")


def erased_path(directory_id: str, since: datetime) -> str:
    return f"{ERASED}{since:%Y%m%dT%H%M%SZ}-{directory_id}.json"


def erased_note(directory_id: str, since: datetime) -> bytes:
    """Return what is signed about copies that somebody had deleted: whose they were, and from when on."""
    return _text({"format": FORMAT, "directory_id": directory_id, "erased_from": since.isoformat()})


def turn_path(turn: Turn) -> str:
    return f"{TURNS}{turn.number}-{turn.claim}.json"


def turn_in(name: str) -> Turn | None:
    """Return the turn whose note has this name; None where it is the name of something else."""
    found = _TURN.fullmatch(name.removeprefix(TURNS))
    return Turn(int(found[1]), found[2]) if found else None


def turn_note(turn: Turn, now: datetime) -> bytes:
    """Return what is signed about a turn that this installation takes at the store."""
    taken_at = now.isoformat(timespec="seconds")
    return _text({"format": FORMAT, "turn": turn.number, "claim": turn.claim, "taken_at": taken_at})


def signature_path(path: str) -> str:
    return f"{path}.sig"


def about_path(state: str) -> str:
    return f"{state}.json"


def about_state(size: int, overtaken: Sequence[str]) -> bytes:
    """Return what is signed about a state: its size, and the states that were there before it under later names."""
    return _text({"format": FORMAT, "bytes": size, "overtaken": overtaken})


def first_file(store: CopyStore, signer: Signer, now: datetime) -> bytes:
    return _text(
        {
            "format": FORMAT,
            "installation": signer.installation,
            "signer": signer.public_key,
            "recipients": store.recipients,
            "made_at": now.isoformat(timespec="seconds"),
        }
    )


def require_ours(store: Store, signer: Signer) -> None:
    """Raises StoreError where a store that was ours is so no longer: it is another folder, or another disk."""
    try:
        first = store.get(FIRST_FILE)
    except NotStored:
        raise StoreError(
            f"{FIRST_FILE} is no longer there: is the right share mounted? If all was deleted, add it as a new store."
        ) from None
    require_installation(first, signer)


def require_installation(first: bytes, signer: Signer) -> None:
    """Raises StoreRefused where this first file is another installation's."""
    if installation_in(first) != signer.installation:
        raise StoreRefused("Another installation keeps its copies there. Give another bucket, or another prefix.")


def installation_in(first: bytes) -> str:
    """Return which installation's the store is; "" where its first file is none of Tenantkeep's."""
    try:
        return str(json.loads(first)["installation"])
    except (ValueError, KeyError, TypeError):
        return ""


def recipients_in(first: bytes) -> list[str]:
    """Return the recovery keys that everything in the store is sealed to."""
    return [str(recipient) for recipient in json.loads(first)["recipients"]]


def manifest(
    signer: Signer,
    copied: CopiedSet,
    backup_set: BackupSet,
    items: Sequence[Mapping[str, Any]],
    left_out: Sequence[Mapping[str, Any]] = (),
) -> bytes:
    tenant = backup_set.tenant
    return _text(
        {
            "format": FORMAT,
            "installation": signer.installation,
            "tenant": {"directory_id": copied.directory_id, "name": tenant.name, "cloud": tenant.cloud},
            "set": {
                "id": backup_set.id,
                "state": backup_set.state,
                "selection": backup_set.selection,
                "is_full": backup_set.is_full,
                "created_at": backup_set.created_at.isoformat(),
                "completed_at": backup_set.completed_at.isoformat(),
                "types": backup_set.types,
                "problems": backup_set.problems,
                "name": backup_set.name,
            },
            "items": items,
            **({"left_out": left_out} if left_out else {}),
        }
    )


def manifest_item(facts: Mapping[str, Any], fingerprint: str, content: CopiedContent) -> dict[str, Any]:
    return {
        **facts,
        "fingerprint": fingerprint,
        "content": content.name,
        "sha256": content.sha256,
        "bytes": content.plain_bytes,
    }


def left_out_item(item: SetItem, name: str) -> dict[str, Any]:
    """Return what a manifest says of a policy whose content could not be opened, and is not in the store."""
    return {**item.facts, "fingerprint": item.fingerprint, "content": name, "bytes": item.plain_bytes}


def _text(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
