"""The largest tenant of a large installation: its policies, a year of its nights, and its restores."""

from dataclasses import asdict
from datetime import datetime, timedelta

from db.backups import manifests
from db.models import (
    BackupSet,
    Content,
    Policy,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Snapshot,
    Tenant,
    User,
)
from db.policies import snapshots
from db.restores import plan_fingerprint
from db.states import ItemState, Outcome, RestoreState, RunKind, RunState, SetState
from graph.policy_types.table import POLICY_TYPES
from graph.restore.resolver import Resolution
from tests.support.restore_steps import options

POLICIES, NIGHTS, SETTINGS = 5000, 365, 203
# What somebody changed since the last night, and a look has read.
BROKEN = 300
# The policy types of the large tenant, each with as many policies of its name: the rest has one or a few.
TYPES = sorted(POLICY_TYPES)[:44]
LARGEST_TYPE = "configurationPolicies"
LONG_NAME = (
    "WIN - Baseline - Microsoft Defender for Endpoint - Attack surface reduction - Pilot ring 2 (SG-Intune-EMEA)"
)


def insert(model, rows) -> list[int]:
    """Insert rows of one shape; return their ids."""
    made: list[int] = []
    for begin in range(0, len(rows), 500):
        made += [row[0] for row in model.insert_many(rows[begin : begin + 500]).returning(model.id).tuples().execute()]
    return made


def back_up(tenants: list[Tenant], people: list[User], now: datetime) -> dict[str, int]:
    """A year of nights of the large tenant, and policies of them all."""
    large = tenants[0]
    ids = insert(Policy, _policy_rows(large, POLICIES, now))
    insert(Policy, [row for tenant in tenants[1:] for row in _policy_rows(tenant, len(TYPES) + 3, now)[:3]])
    nights = insert(Run, [_night(large, n, now) for n in range(NIGHTS)])
    insert(Run, [_night(tenant, NIGHTS - 1, now) | {"dedupe_key": f"night of {tenant.id}"} for tenant in tenants[1:]])
    kept = _snapshots(large, ids, nights, people[1], now)
    sets = _sets(large, nights, kept, now)
    insert(RunItem, [_run_item(n, ids[n], kept[n], nights[-1], now) for n in range(POLICIES)])
    Tenant.update(last_backup_id=sets[-1]).where(Tenant.id == large.id).execute()
    _break(large, ids[300 : 300 + BROKEN], nights[-1], now)
    looked_at = _captured(large, ids[0], people[1], now)
    return {"policy": ids[0], "run": nights[-1], "backup_set": sets[-1], "older_set": sets[-2]} | looked_at


def make_restores(large: Tenant, people: list[User], made: dict[str, int], now: datetime) -> dict[str, int]:
    """A preview of 5,000 policies, one of 110 that is done, and a hundred that were."""
    for _ in range(100):
        _restore(large, people[1], made, 0, RestoreState.FINISHED, now)
    previewed = _restore(large, people[1], made, POLICIES, RestoreState.DRAFT, now)
    plan_fingerprint.save(previewed, [], [])
    Restore.update(state=RestoreState.PREVIEWED, previewed_at=now).where(Restore.id == previewed.id).execute()
    finished = _restore(large, people[1], made, 110, RestoreState.FINISHED, now)
    live = Run.create(
        tenant=large,
        kind=RunKind.RESTORE,
        dedupe_key="live",
        restore_id=finished.id,
        total=110,
        done=98,
        state=RunState.PARTIAL,
        failed=12,
        requested_by=people[1],
        started_at=now,
        ended_at=now,
    )
    insert(RunItem, [_run_item(n, made["policy"], made["snapshot"], live.id, now) for n in range(110)])
    item = RestoreItem.select().where(RestoreItem.restore == previewed).first()
    return {"restore": previewed.id, "finished": finished.id, "item": item.id, "restore_run": live.id}


def _policy_rows(tenant: Tenant, count: int, now: datetime) -> list[dict[str, object]]:
    own = count - len(TYPES)
    types = [LARGEST_TYPE if n < own // 2 else TYPES[n % len(TYPES)] for n in range(count)]
    return [
        {
            "tenant": tenant.id,
            "policy_type": types[n],
            "graph_id": f"{tenant.id:08x}-{n:04x}-4000-8000-000000000000",
            "name": f"{LONG_NAME} {n}" if n % 9 == 0 else f"WIN - BitLocker - Ring {n}",
            "platform": "windows10",
            "state": "gone" if n % 100 == 99 else "present",
            "gone_at": now - timedelta(days=2) if n % 100 == 99 else None,
            "modified_at": now - timedelta(hours=n),
            "first_seen_at": now - timedelta(days=0 if n < 2 else NIGHTS),
            "last_seen_at": now,
        }
        for n in range(count)
    ]


def _body(name: str, changed: int) -> dict[str, object]:
    area = "device_vendor_msft_policy_config_"
    settings = [
        {
            "id": str(n),
            "settingInstance": {
                "@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
                "settingDefinitionId": f"{area}defender_attacksurfacereductionrule{n}",
                "choiceSettingValue": {
                    "value": f"{area}defender_attacksurfacereductionrule{n}_{int(n < changed)}",
                    "children": [],
                },
            },
        }
        for n in range(SETTINGS)
    ]
    return {
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy",
        "id": "x",
        "name": name,
        "description": "What every laptop has to have. " * 8,
        "settings": settings,
    }


def _snapshot_of(policy: Policy, run: Run, body: dict[str, object], at: datetime) -> None:
    draft = snapshots.SnapshotDraft.of(
        policy,
        {"body": body, "assignments": []},
        f"{policy.id}-{run.id}".ljust(64, "0"),
        read_at=at,
        assignments_mark="",
        name=policy.name,
        modified_at=at,
        proof={
            "settings": {"stored": SETTINGS, "declared": SETTINGS},
            "pages": 9,
            "assignments": "read",
            "assignment_count": 0,
            "secrets": {"revealed": 0, "withheld": []},
        },
        references={"groups": {}, "filters": {}, "scope_tags": {}},
    )
    snapshots.save(run, [draft])


def _night(tenant: Tenant, n: int, now: datetime) -> dict[str, object]:
    at = now - timedelta(days=NIGHTS - n, hours=1)
    state = RunState.FAILED if n % 40 == 3 else RunState.PARTIAL if n % 10 == 5 else RunState.SUCCEEDED
    return {
        "tenant": tenant.id,
        "kind": RunKind.BACK_UP,
        "dedupe_key": f"night {n}",
        "state": state,
        "origin": "schedule",
        "created_at": at,
        "started_at": at,
        "ended_at": at + timedelta(minutes=6),
        "enqueued_at": at,
        "total": POLICIES,
        "done": POLICIES - 13,
        "failed": 13 if state != "succeeded" else 0,
        "error_message": "Microsoft Graph failed (error 500)." if state == RunState.FAILED else None,
    }


def _snapshots(large: Tenant, ids: list[int], nights: list[int], person: User, now: datetime) -> list[int]:
    """One snapshot of each policy, with one content for all but those that are opened."""
    content_id = snapshots.save_content(large.id, {"body": _body("Laptops", 0), "assignments": []}, "f" * 64)
    proof = {
        "settings": {"stored": SETTINGS, "declared": SETTINGS},
        "pages": 9,
        "assignments": "read",
        "assignment_count": 0,
        "secrets": {"revealed": 0, "withheld": []},
    }
    rows = [
        {
            "tenant": large.id,
            "policy": ids[n],
            "content": content_id,
            "run": nights[-1 if n < 12 else 0],
            "captured_by": person.id,
            "captured_at": now - timedelta(hours=n),
            "confirmed_at": now,
            "name": f"WIN - BitLocker - Ring {n}",
            "modified_at": now - timedelta(hours=n),
            "proof": proof,
            "references": {"groups": {}, "filters": {}, "scope_tags": {}},
        }
        for n in range(POLICIES)
    ]
    # Every policy of the list was captured since it was changed last, but for a few.
    Policy.update(last_captured_at=now - timedelta(hours=8), snapshot_count=1).where(Policy.tenant == large).execute()
    return insert(Snapshot, rows)


def _break(large: Tenant, ids: list[int], run: int, now: datetime) -> None:
    content_id = snapshots.save_content(large.id, {"body": _body("Laptops", SETTINGS), "assignments": []}, "e" * 64)
    at = now - timedelta(minutes=30)
    rows = [
        {
            "tenant": large.id,
            "policy": policy_id,
            "content": content_id,
            "run": run,
            "captured_at": at,
            "confirmed_at": at,
            "name": LONG_NAME,
            "modified_at": at,
            "proof": {"names": "read"},
            "references": {"groups": {}, "filters": {}, "scope_tags": {}},
        }
        for policy_id in ids
    ]
    insert(Snapshot, rows)
    Policy.update(last_captured_at=at, snapshot_count=2).where(Policy.id.in_(ids)).execute()


def _sets(large: Tenant, nights: list[int], kept: list[int], now: datetime) -> list[int]:
    before = manifests.save(large, kept[12:])
    newest = manifests.save(large, kept[: POLICIES - 3])
    types = {
        key: {
            "state": "failed" if n % 15 == 14 else "done",
            "listed": POLICIES // len(TYPES),
            "captured": n % 5,
            "unchanged": 12,
            "gone": 0,
            "failed": 13 if n % 15 == 14 else 0,
            "message": "Microsoft Graph failed (error 500)." if n % 15 == 14 else None,
        }
        for n, key in enumerate(TYPES)
    }
    problems = [
        {
            "policy_type": LARGEST_TYPE,
            "policy": None,
            "name": f"{LONG_NAME} {n}",
            "reason": "error",
            "message": "Microsoft Graph failed (error 500). Usually temporary.",
        }
        for n in range(40)
    ]
    rows = [
        {
            "tenant": large.id,
            "run": night,
            "state": SetState.WARNINGS if n % 10 == 5 else SetState.COMPLETE,
            "selection": {},
            "is_full": n % 7 == 0,
            "created_at": now - timedelta(days=NIGHTS - n),
            "completed_at": now - timedelta(days=NIGHTS - n),
            "types": types,
            "problems": [],
            "manifest": newest.id if n == NIGHTS - 1 else before.id,
        }
        for n, night in enumerate(nights)
    ]
    rows[-1] |= {"problems": problems, "state": SetState.INCOMPLETE}
    return insert(BackupSet, rows)


def _run_item(n: int, policy_id: int, snapshot_id: int, run_id: int, now: datetime) -> dict[str, object]:
    is_failed = n % 70 == 69
    return {
        "run": run_id,
        "policy": policy_id,
        "policy_type": LARGEST_TYPE,
        "graph_id": f"graph {n}",
        "name": f"WIN - BitLocker - Ring {n}",
        "state": ItemState.FAILED if is_failed else ItemState.DONE,
        "outcome": Outcome.ERROR if is_failed else Outcome.CAPTURED if n % 5 == 0 else Outcome.UNCHANGED,
        "message": "Microsoft Graph failed (error 500). Usually temporary." if is_failed else None,
        "request_id": "0c0ffee0-0000-4000-8000-000000000000" if is_failed else None,
        "ended_at": now,
        "snapshot": None if is_failed else snapshot_id,
    }


def _captured(large: Tenant, policy_id: int, person: User, now: datetime) -> dict[str, int]:
    """Forty versions of one policy, each by a capture of its own; the last is being compared with the tenant."""
    policy = Policy.get_by_id(policy_id)
    for n in range(40):
        at = now + timedelta(milliseconds=n)
        run = Run.create(
            tenant=large,
            kind=RunKind.CAPTURE_SNAPSHOT,
            dedupe_key=f"capture {n}",
            policy=policy,
            state=RunState.SUCCEEDED,
            requested_by=person,
            created_at=at,
            started_at=at,
            ended_at=at,
            total=1,
            done=1,
        )
        _snapshot_of(policy, run, _body(policy.name, {39: SETTINGS, 38: 3}.get(n, n % 7)), at)
        newest = Snapshot.select().where(Snapshot.policy == policy).order_by(Snapshot.id.desc()).first()
        RunItem.create(
            run=run,
            policy=policy,
            policy_type=policy.policy_type,
            graph_id=policy.graph_id,
            name=policy.name,
            state=ItemState.DONE,
            outcome=Outcome.CAPTURED,
            snapshot=newest,
        )
    older = snapshots.previous(newest)
    return {"snapshot": newest.id, "other_snapshot": older.id, "live_run": run.id}


def _restore(
    large: Tenant, person: User, made: dict[str, int], count: int, state: RestoreState, now: datetime
) -> Restore:
    restore = Restore.create(
        tenant=large,
        source_directory_id=large.directory_id,
        source_name=large.name,
        state=state,
        backup_set=made["backup_set"],
        options=options(),
        created_by=person,
        created_at=now,
        reason="INC-4711: somebody changed the baseline",
        ended_at=now,
    )
    is_done = state == RestoreState.FINISHED
    actions = [Outcome.UPDATE, Outcome.MATCHES, Outcome.RECREATE, Outcome.BLOCKED, Outcome.MATCHES]
    content = Content.select().where(Content.tenant == large).order_by(Content.id).first()
    newest, older = Snapshot.get_by_id(made["snapshot"]), Snapshot.get_by_id(made["other_snapshot"])
    group = f"{7:08x}-1111-4111-8111-111111111111"
    found = [
        asdict(
            Resolution(
                "groups", f"{n:08x}-1111-4111-8111-111111111111", f"SG-Intune-{n}", "same", group, is_assignment=True
            )
        )
        for n in range(30)
    ]
    missing = [
        asdict(Resolution("groups", f"{n:08x}-3333-4111-8111-111111111111", f"SG-Gone-{n}", "unresolved"))
        for n in range(10)
    ]
    rows = []
    for n in range(count):
        action = actions[n % len(actions)]
        outcome = {Outcome.UPDATE: Outcome.UPDATED, Outcome.RECREATE: Outcome.RECREATED}.get(action, action)
        rows.append(
            {
                "restore": restore.id,
                "position": n,
                "policy_type": LARGEST_TYPE,
                "graph_id": f"graph {n}",
                "name": f"{LONG_NAME} {n}" if n % 9 == 0 else f"WIN - BitLocker - Ring {n}",
                "content": content.id,
                "snapshot": newest.id,
                "references": {"groups": {}, "filters": {}, "scope_tags": {}},
                "action": action,
                "target_id": f"graph {n}",
                "live_content": (older if n else newest).content_id,
                "live_mark": "0" * 64,
                "differences": (3 if n else SETTINGS) if action == Outcome.UPDATE else 0,
                "resolutions": found + missing if n % 50 == 0 else [],
                "notes": ["It is off in the tenant, and will be on after this."] if n % 7 == 0 else [],
                "reason": "built in" if action == Outcome.BLOCKED else None,
                "message": "Nobody can change what Microsoft has built in." if action == Outcome.BLOCKED else None,
                "outcome": outcome if is_done else None,
                "verified": True if is_done else None,
                "dangers": [],
            }
        )
    insert(RestoreItem, rows)
    return restore
