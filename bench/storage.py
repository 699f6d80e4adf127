"""Disk space of a year of nightly backups: 500 policies, 1 % of them changed each night.

Made by the product's own verbs, with the demo's believable policies of every type. Measured for one tenant, and
multiplied for five hundred.
"""

import json
import random
from datetime import timedelta
from itertools import islice

from bench import stage
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.clock import utcnow
from db.database import database, is_sqlite
from db.housekeeping import old_rows
from db.models import Content, Policy, Run, Tenant
from db.policies import snapshots
from db.runs import claims, completion, run_items, runs
from db.runs.run_items import NewRunItem
from db.states import Outcome, RunKind
from db.tenants import tenants
from graph.content.fingerprint import fingerprint
from graph.policy_types.table import POLICY_TYPES
from graph.simulator.demo import demo_tenants
from tests.support.simulated_tenant import collection_of

POLICIES, NIGHTS, CHANGED, TENANTS = 500, 365, 5, 500
ITEM_DAYS = 90


def main() -> None:
    print("| engine | after | database | of it contents, as JSON | per night |\n|---|---|---|---|---|", flush=True)
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(url)
            with database.connection_context():
                _year(engine)


def _year(engine: str) -> None:
    tenant = tenants.add(
        "Year", "1" * 8 + "-1111-4111-8111-111111111111", "1" * 8 + "-1111-4111-8111-111111111111", SYSTEM
    )
    contents = dict(_contents(tenant))
    empty, first = _size(), 0
    for night in range(NIGHTS):
        changed = set(contents) if night == 0 else set(random.sample(sorted(contents), CHANGED))
        for policy_id in changed if night else ():
            contents[policy_id]["body"]["description"] = f"changed in night {night}"
        _night(tenant, contents, changed, NIGHTS - night)
        if night in {0, NIGHTS - 1}:
            while old_rows.delete_old_items(ITEM_DAYS):
                pass
            size = _size() - empty
            plain = sum(row[0] for row in Content.select(Content.plain_bytes).tuples())
            first = size if night == 0 else first
            each = "" if night == 0 else f"{(size - first) / NIGHTS / 1024:.1f} KB"
            print(f"| {engine} | {night + 1} night(s) | {_mb(size)} | {_mb(plain)} | {each} |", flush=True)
    print(f"| {engine} | {TENANTS} such tenants, multiplied | {size * TENANTS / 1024**3:.1f} GB | | |", flush=True)


def _contents(tenant: Tenant):
    """Policy id -> content, of rows made for them."""
    northwind = demo_tenants()[2]
    by_path = {collection_of(row): row for row in POLICY_TYPES.values()}
    bodies = (
        (by_path[path], item)
        for path, items in northwind.collections.items()
        if path in by_path
        for item in items.values()
    )
    for policy_type, item in islice(sorted(bodies, key=lambda one: str(one[1]["id"])), POLICIES):
        policy = Policy.create(
            tenant=tenant, policy_type=policy_type.key, graph_id=str(item["id"]), name=str(item["id"])
        )
        body = json.loads(json.dumps(item))
        yield policy.id, {"body": body, "assignments": body.pop("assignments", None)}


def _night(tenant: Tenant, contents: dict, changed: set[int], days_ago: int) -> None:
    """Save one night's backup as actors/backups/back_up.py does, without asking Graph."""
    policies = {policy.id: policy for policy in Policy.select().where(Policy.tenant == tenant)}
    newest = dict(_newest(tenant))
    items = [
        NewRunItem(
            policy.policy_type,
            policy.name,
            policy.id,
            policy.graph_id,
            None if policy.id in changed else newest[policy.id],
        )
        for policy in policies.values()
    ]
    run = runs.start(tenant=tenant, kind=RunKind.BACK_UP, dedupe_key="night", items=[], actor=SYSTEM).run
    backup_sets.begin(run, {}, False)
    claim = claims.take_claim(run.id, run.kind)
    run_items.add_items(run, items)
    reads = [_read(policies[policy_id], contents[policy_id]) for policy_id in sorted(changed)]
    for begin in range(0, len(reads), 20):
        kept = snapshots.save(run, reads[begin : begin + 20])
        waiting = {item.policy_id: item.id for item in run_items.unsettled_items(run)}
        run_items.finish_captured_items(
            claim, Outcome.CAPTURED, {waiting[key]: snapshot.snapshot_id for key, snapshot in kept.items()}
        )
    completion.finish(claim)
    Run.update(ended_at=utcnow() - timedelta(days=days_ago)).where(Run.id == run.id).execute()


def _newest(tenant: Tenant):
    query = "SELECT policy_id, MAX(id) FROM snapshot WHERE tenant_id = %s GROUP BY policy_id" % int(tenant.id)  # noqa: S608, UP031
    return database.execute_sql(query).fetchall()


def _read(policy: Policy, content: dict) -> snapshots.SnapshotDraft:
    mark = fingerprint(POLICY_TYPES[policy.policy_type], content)
    facts = {"read_at": utcnow(), "assignments_mark": "", "name": policy.name, "modified_at": None, "references": {}}
    return snapshots.SnapshotDraft.of(policy, content, mark, proof={"settings": None, "pages": 1}, **facts)


def _size() -> int:
    if is_sqlite():
        database.execute_sql("VACUUM")
        return (
            database.execute_sql("PRAGMA page_count").fetchone()[0]
            * database.execute_sql("PRAGMA page_size").fetchone()[0]
        )
    connection = database.connection()
    connection.rollback()
    connection.autocommit = True
    connection.cursor().execute("VACUUM FULL")
    connection.autocommit = False
    return database.execute_sql("SELECT pg_database_size(current_database())").fetchone()[0]


def _mb(count: int) -> str:
    return f"{count / 1024**2:.1f} MB"


if __name__ == "__main__":
    main()
