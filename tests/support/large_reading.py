"""What people read of the large tenant: an import, documents, and the index of its newest snapshots."""

from datetime import datetime, timedelta

from actors.documents.options import DocumentOptions
from db.audit.audit import SYSTEM
from db.copies import recovery_keys
from db.copies import stores as copy_stores
from db.models import (
    Content,
    CopiedSet,
    CopyErasure,
    ImportedPolicy,
    KnownSetting,
    Policy,
    PolicyDocument,
    PolicyImport,
    PolicyReference,
    PolicySetting,
    PolicyTarget,
    Rehearsal,
    RehearsalFinding,
    RehearsalSample,
    Run,
    Tenant,
    User,
)
from db.states import CopyState, RehearsalState, RunKind, RunState
from tests.support.large_tenant import LARGEST_TYPE, LONG_NAME, insert

IMPORTED, INDEXED = 300, 1500
# The directory ids of tenants that are no longer here.
GONE = "{:08x}-2222-4222-8222-222222222222"


def make(large: Tenant, person: User, now: datetime) -> dict[str, int | str]:
    _index(large)
    return {"gone": GONE.format(1), "import": _import(large, person, now), "document": _documents(large, person, now),
            "rehearsal": _rehearsals(large, now), "store": _copies(large, now), "key": _keys()}  # fmt: skip


def _copies(large: Tenant, now: datetime) -> int:
    """A store with a thousand copies of sets, most of which failed in many words, and of a hundred removed tenants."""
    store = copy_stores.add(LONG_NAME[:80], "s3://" + "v" * 60, {"access_key": "a", "secret_key": "b"}, SYSTEM,
                            copy_days=30, needs_lock=True, recipients=["age1" + "x" * 58])  # fmt: skip
    states = [CopyState.FAILED, CopyState.FAILED, CopyState.COMPLETE, CopyState.WAITING]
    insert(CopiedSet, [
        {"store": store.id, "tenant": large.id, "directory_id": large.directory_id, "tenant_name": LONG_NAME,
         "set_number": 100_000 + n, "state": states[n % 4], "set_at": now, "message": LONG_NAME * 3}
        for n in range(1000)
    ])  # fmt: skip
    insert(CopiedSet, [
        {"store": store.id, "tenant": None, "directory_id": GONE.format(n), "tenant_name": f"{n} {LONG_NAME}",
         "set_number": 200_000 + n, "state": CopyState.COMPLETE, "set_at": now}
        for n in range(100)
    ])  # fmt: skip
    CopyErasure.create(store=store, directory_id=GONE.format(1), tenant_name=LONG_NAME, due_at=now, error=LONG_NAME * 3)
    return int(store.id)


def _keys() -> int:
    """As many recovery keys as there may be; one of them waits for its word."""
    for number in range(recovery_keys.MAX_KEYS - len(recovery_keys.all_keys())):
        key = recovery_keys.add(f"{number} {LONG_NAME}"[:80], f"age1{number:058}", SYSTEM)
    recovery_keys.ask_for_proof(key, "\n".join(["-" * 64] * 12), "ABCD", SYSTEM)
    return int(key.id)


def _import(large: Tenant, person: User, now: datetime) -> int:
    """An import of 300 policies with remarks, a fifth of them with a script beside, and of 300 other files."""
    content = Content.select().where(Content.tenant == large).order_by(Content.id).first()
    remark = {"kind": "put_right", "text": "Its tool wrote the name of a group in place of its id."}
    files = [
        {"path": f"Settings/{LONG_NAME} {n}.json", "state": "other", "why": "It is no policy."} for n in range(300)
    ]
    row = PolicyImport.create(
        tenant=large,
        name=LONG_NAME,
        source_directory_id=large.directory_id,
        organisation=LONG_NAME,
        formats=["intunemanagement"],
        findings=[remark] * 3,
        files=[{**file, "format": "intunemanagement"} for file in files],
        file_count=600,
        policy_count=IMPORTED,
        created_by=person,
        kept_at=now,
    )
    rows = [
        {
            "policy_import": row.id,
            "position": n,
            "path": f"SettingsCatalog/{LONG_NAME} {n}.json",
            "format": "intunemanagement",
            "policy_type": LARGEST_TYPE,
            "graph_id": f"{n:08x}-7777-4111-8111-111111111111",
            "name": f"{LONG_NAME} {n}",
            "content": content.id,
            "other_content": content.id if n % 5 == 0 else None,
            "references": {},
            "findings": [remark] * 4,
            "placeholders": [f"<TENANT {n % 30}>"],
        }
        for n in range(IMPORTED)
    ]
    insert(ImportedPolicy, rows)
    return int(row.id)


def _documents(large: Tenant, person: User, now: datetime) -> int:
    run = Run.create(tenant=large, kind=RunKind.DOCUMENT, dedupe_key="document", state=RunState.SUCCEEDED,
                     requested_by=person, created_at=now, started_at=now, ended_at=now, total=1, done=1)  # fmt: skip
    rows = [
        {
            "tenant": large.id,
            "run": run.id,
            "requested_by": person.id,
            "options": DocumentOptions().as_json(),
            "format": "html",
            "title": LONG_NAME,
            "policies": 5000,
            "size": 12_000_000,
            "made_at": now,
            "created_at": now - timedelta(minutes=n),
        }
        for n in range(60)
    ]
    return insert(PolicyDocument, rows)[-1]


def _rehearsals(large: Tenant, now: datetime) -> int:
    """Sixty rehearsals; the newest found as much as is kept, and its sample is still in the lab."""
    rows = [
        {
            "tenant": large.id,
            "state": RehearsalState.FINDINGS,
            "created_at": now,
            "ended_at": now,
            "contents_total": 5000,
            "contents_checked": 5000,
            "lab_id": large.id,
            "findings": 700,
        }
        for _ in range(60)
    ]
    newest = insert(Rehearsal, rows)[-1]
    about = {"rehearsal": newest, "policy_type": LARGEST_TYPE, "graph_id": "x" * 36, "name": LONG_NAME}
    found = {**about, "step": "contents", "code": "sealed", "message": "Its content does not open. " * 5}
    insert(RehearsalFinding, [{**found, "is_failure": n % 2 == 0} for n in range(500)])
    sampled = {**about, "lab_object_id": "x" * 36, "outcome": "created", "differences": 3}
    insert(RehearsalSample, [sampled for _ in range(20)])
    return int(newest)


def _index(large: Tenant) -> None:
    """A setting with two hundred values, five hundred others, and assignments, of 1,500 policies."""
    known = [
        {"key": f"device_setting_{n}", "title": f"Allow device setting {n}", "folded": f"allow device setting {n}"}
        for n in range(500)
    ]
    settings = insert(KnownSetting, known)
    policy_ids = [row[0] for row in Policy.select(Policy.id).where(Policy.tenant == large).limit(INDEXED).tuples()]
    insert(
        PolicySetting,
        [
            {
                "tenant": large.id,
                "policy": policy_id,
                "setting": settings[n % 5 if m == 0 else 5 + n % 495],
                "mark": f"{n % 200}",
                "value": f"~{n % 200}",
                "may_conflict": True,
            }
            for n, policy_id in enumerate(policy_ids)
            for m in range(2)
        ],
    )
    insert(
        PolicyTarget,
        [
            {
                "tenant": large.id,
                "policy": policy_id,
                "policy_type": LARGEST_TYPE,
                "kind": "group",
                "object_id": f"{m:08x}-6666-4111-8111-111111111111",
                "is_excluded": m == 3,
                "place": "assignment",
                "is_gone": n % 50 == 0,
            }
            for n, policy_id in enumerate(policy_ids)
            for m in range(4)
        ],
    )
    insert(
        PolicyReference,
        [
            {
                "tenant": large.id,
                "policy": policy_ids[0],
                "kind": "groups",
                "object_id": f"{m:08x}-6666-4111-8111-111111111111",
            }
            for m in range(200)
        ],
    )
