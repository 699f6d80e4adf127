"""Contents whose bodies are not here yet, because a recovery has still to bring them back, or could not."""

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.audit import audit
from db.audit.audit import Action, Actor
from db.backups import deletions, manifests
from db.database import database, lock_rows
from db.encryption import keyring
from db.installation.import_file import IMPORTED, NOT_BACK_YET
from db.models import (
    AuditEvent,
    BackupSet,
    Content,
    CopiedContent,
    CopyErasure,
    CopySigner,
    Policy,
    Run,
    Snapshot,
    Tenant,
)
from db.policies.snapshots import content_owner
from db.schema import row_ids
from db.sql.value_lists import is_in

PAGE = 200
# Numbers are still left behind it for all time, whoever signed a set with a greater one.
MAX_LEFT_OUT = 2**53
# Of a tenant that is in no state: nobody knows the app by which it is signed in to.
UNKNOWN_APP = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class LostContent:
    id: int
    tenant_id: int
    directory_id: str
    fingerprint: str


@dataclass(frozen=True)
class LostPolicy:
    tenant: str
    policy_type: str
    name: str
    captured_at: str
    why: str


def installation_here() -> str | None:
    """Return the number of the installation that a recovery brought here; None where none did."""
    is_recovered = AuditEvent.select().where(AuditEvent.action == Action.RECOVERED).exists()
    signer = CopySigner.select().order_by(CopySigner.id).first() if is_recovered else None
    return str(signer.installation) if signer else None


def state_made_at() -> datetime:
    """Return when the state was made that a recovery brought here."""
    return datetime.fromisoformat(_recovered().details["made_at"])


def as_of() -> datetime | None:
    """Return the time as of which a recovery was begun here; None: the newest."""
    return _moment(_recovered().details["as_of"])


def have_sets_gone() -> bool:
    """Tell whether sets were deleted here since the recovery, by retention, a person, or with their tenant."""
    actions = (Action.SETS_PRUNED, Action.TENANT_REMOVED)
    is_since = AuditEvent.id > _recovered().id
    rows = AuditEvent.select().where(AuditEvent.action.in_(actions) & is_since)
    return any(row.action == Action.TENANT_REMOVED or row.details["what"] == deletions.STEP for row in rows.iterator())


def _recovered() -> AuditEvent:
    event: AuditEvent = (
        AuditEvent.select().where(AuditEvent.action == Action.RECOVERED).order_by(AuditEvent.id.desc()).get()
    )
    return event


def count() -> int:
    return int(_lost(0).count())


def pages() -> Iterator[list[LostContent]]:
    """Yield the contents that are not back, a page at a time, by rising ids."""
    last = 0
    while rows := list(_lost(last).order_by(Content.id).limit(PAGE)):
        yield [LostContent(row.id, row.tenant_id, row.tenant.directory_id, row.fingerprint) for row in rows]
        last = rows[-1].id


def _lost(after: int) -> Any:
    columns = (Content.id, Content.tenant, Content.fingerprint, Tenant.id, Tenant.directory_id)
    return Content.select(*columns).join(Tenant).where((Content.id > after) & (Content.sealed == NOT_BACK_YET))


def still_lost(content_ids: Collection[int]) -> list[int]:
    """Return those of the contents that are not back."""
    is_it = is_in(Content.id, list(content_ids)) & (Content.sealed == NOT_BACK_YET)
    return [row[0] for row in Content.select(Content.id).where(is_it).order_by(Content.id).tuples()]


def digests(names: Sequence[str]) -> dict[str, set[str]]:
    """Return name in a store -> the SHA-256 of its JSON, as it was recorded when it was pushed, to each store there is.

    They differ where the content was deleted here in between and captured again: a fingerprint leaves out what the
    service changes by itself. Also of what was on its way when the state was made: by now it may have come.
    """
    columns = (CopiedContent.name, CopiedContent.sha256)
    found = defaultdict[str, set[str]](set)
    for name, sha256 in CopiedContent.select(*columns).where(is_in(CopiedContent.name, names)).tuples():
        found[name].add(sha256)
    return found


def sealed(tenant_id: int, fingerprint: str, plain: bytes) -> bytes:
    return keyring().seal(zlib.compress(plain, 6), content_owner(tenant_id, fingerprint))


def bring_back(bodies: Mapping[int, bytes]) -> None:
    """Give contents (by id) their sealed bodies."""
    with database.atomic():
        for content_id, body in bodies.items():
            is_lost = (Content.id == content_id) & (Content.sealed == NOT_BACK_YET)
            Content.update(sealed=body).where(is_lost).execute()


def have_read_again(content_ids: Collection[int]) -> None:
    """Have the next backup read the policies of lost contents, be their lists unchanged: that brings some back."""
    policies = Snapshot.select(Snapshot.policy).where(is_in(Snapshot.content, list(content_ids)))
    Policy.update(assignments_mark=None, index_version=None).where(Policy.id.in_(policies)).execute()


def policies_of(reasons: Mapping[int, str]) -> list[LostPolicy]:
    """Return what contents (id -> why it is lost) are of, the newest snapshots first."""
    columns = (Snapshot, Policy.policy_type, Tenant.name)
    rows = Snapshot.select(*columns).join(Policy).switch(Snapshot).join(Tenant)
    found = rows.where(is_in(Snapshot.content, list(reasons))).order_by(Snapshot.id.desc())
    return [
        LostPolicy(
            row.tenant.name,
            row.policy.policy_type,
            row.name,
            row.captured_at.isoformat(timespec="seconds"),
            reasons[row.content_id],
        )
        for row in found
    ]


# --- sets that are newer than the state ------------------------------------------------------------------------------


def has_set(number: int) -> bool:
    """Tell whether the set is here as it ended. One that was under way when the state was made is not."""
    found = BackupSet.select(BackupSet, Run).left_outer_join(Run).where(BackupSet.id == number).first()
    return found is not None and not (found.run and found.run.error_code == IMPORTED)


def directories_that_go() -> set[str]:
    """Return the directories whose copies somebody had deleted, and that are not all gone: they do not come back."""
    return {row[0] for row in CopyErasure.select(CopyErasure.directory_id).tuples()}


def _tenant_of(told: Mapping[str, Any]) -> Tenant:
    """Return the tenant that a manifest names; one that was added after the state is made, switched off."""
    found = Tenant.get_or_none(Tenant.directory_id == told["directory_id"])
    if found is not None:
        return found
    name = str(told["name"])
    if Tenant.select().where(Tenant.name == name).exists():
        name = f"{name} ({told['directory_id']})"
    facts = {"client_id": UNKNOWN_APP, "cloud": told["cloud"], "is_active": False}
    return Tenant.create(name=name, directory_id=told["directory_id"], **facts)


def content_ids(tenant: Tenant, items: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return fingerprint -> content id, of the manifest's items; the new ones are not back yet."""
    sizes = {item["fingerprint"]: item["bytes"] for item in items}
    rows = [
        {"tenant": tenant, "fingerprint": fingerprint, "sealed": NOT_BACK_YET, "plain_bytes": size}
        for fingerprint, size in sizes.items()
    ]
    with database.atomic():
        for begin in range(0, len(rows), PAGE):
            Content.insert_many(rows[begin : begin + PAGE]).on_conflict_ignore().as_rowcount().execute()
    is_of_set = (Content.tenant == tenant) & is_in(Content.fingerprint, list(sizes))
    return dict(Content.select(Content.fingerprint, Content.id).where(is_of_set).tuples())


def add_set(manifest: Mapping[str, Any]) -> bool:
    """Add a set as its manifest tells it, in one transaction. Its contents are there, be they back or not.

    Return False where another recovery, which goes on at the same time, was quicker.
    """
    # Of what was left out the store has no content: its policies are there, and their contents are lost, and named.
    told, items = manifest["set"], [*manifest["items"], *manifest.get("left_out", ())]
    with database.atomic():
        # There is one row, and each recovery comes by here: what the other one added is seen by the next line.
        lock_rows(CopySigner, CopySigner.id.is_null(False))
        if has_set(told["id"]):
            return False
        tenant = _tenant_of(manifest["tenant"])
        contents = content_ids(tenant, items)
        snapshot_ids = [_snapshot(tenant, item, contents[item["fingerprint"]]) for item in items]
        facts = {key: told[key] for key in ("id", "state", "selection", "is_full", "types", "problems", "name")}
        facts |= {key: datetime.fromisoformat(told[key]) for key in ("created_at", "completed_at")}
        manifest_row = manifests.save(tenant, snapshot_ids) if snapshot_ids else None
        BackupSet.delete().where(BackupSet.id == told["id"]).execute()
        BackupSet.insert(tenant=tenant, manifest=manifest_row, **facts).execute()
        row_ids.continue_after(BackupSet, told["id"])
    return True


def keep_numbers(numbers: Iterable[int]) -> None:
    """Give the numbers of sets that are in the store to no set that is made here, be they brought back or not."""
    row_ids.continue_after(BackupSet, max((number for number in numbers if number < MAX_LEFT_OUT), default=0))


def _snapshot(tenant: Tenant, item: Mapping[str, Any], content_id: int) -> int:
    """Return the id of an item's snapshot, which is made where it is not there; its policy follows the newest."""
    captured, confirmed = _moment(item["captured_at"]), _moment(item["confirmed_at"])
    policy = _policy(tenant, item, captured)
    same = (Snapshot.policy == policy) & (Snapshot.content == content_id) & (Snapshot.captured_at == captured)
    found = Snapshot.get_or_none(same)
    if found is None:
        facts = {"captured_at": captured, "confirmed_at": confirmed, "modified_at": _moment(item["modified_at"])}
        facts |= {"name": item["name"], "proof": item["proof"], "references": item["references"]}
        found = Snapshot.create(tenant=tenant, policy=policy, content=content_id, **facts)
        Policy.update(snapshot_count=Policy.snapshot_count + 1).where(Policy.id == policy.id).execute()
    elif found.confirmed_at < confirmed:
        Snapshot.update(confirmed_at=confirmed).where(Snapshot.id == found.id).execute()
    if policy.last_captured_at is None or policy.last_captured_at <= confirmed:
        columns = {"name": item["name"], "modified_at": _moment(item["modified_at"]), "last_captured_at": confirmed}
        # It is read whole by the next backup, and indexed anew.
        columns |= {"assignments_mark": None, "index_version": None, "last_seen_at": confirmed}
        Policy.update(columns).where(Policy.id == policy.id).execute()
    return int(found.id)


def _policy(tenant: Tenant, item: Mapping[str, Any], seen_at: datetime) -> Policy:
    key = {"tenant": tenant, "policy_type": item["policy_type"], "graph_id": item["graph_id"]}
    facts = {name: item[name] for name in ("name", "odata_type", "platform", "is_built_in")}
    return Policy.get_or_create(**key, defaults={**facts, "first_seen_at": seen_at, "last_seen_at": seen_at})[0]


def _moment(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text else None


def record_end(store: str, actor: Actor, *, contents: int, sets: int, lost: int) -> None:
    action = Action.RECOVERY_ENDED
    audit.record(action, actor, "installation", store=store, contents=contents, sets=sets, lost=lost)
