"""No statement that the fleet repeats, or that a page asks, reads a table that grows from one end to the other.

The product's own functions run beside many rows, and the engine explains every statement before it executes it.
"""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations, product

import pytest

import actors.housekeeping.daily_prune
import config
from actors import scheduler
from actors.backups import back_up, capture, sync
from actors.copies import push
from actors.plans import option_choices, preview
from actors.readiness import assess
from actors.rehearsals import rehearse
from actors.restores import live_restore
from db import database as engine
from db import encryption
from db.audit.audit import SYSTEM, Actor
from db.backups import backup_sets, deletions, retention, set_retries
from db.clock import utcnow
from db.copies import commit_facts, copied_contents, copied_sets, erasures, loose_contents, sent_contents, standing
from db.definitions import definitions
from db.definitions import sources as definition_sources
from db.errors import Invalid
from db.events import attribution, follow_ups, watches
from db.housekeeping import copy_erasure, daily_prune, tenant_removal, tenant_switch
from db.installation import installation
from db.models import (
    TABLES,
    AuditCheck,
    BackupSet,
    Change,
    CopiedContent,
    CopiedSet,
    CopyStore,
    Policy,
    Restore,
    Run,
    Tenant,
    User,
)
from db.policies import policies, snapshots
from db.readiness import reports
from db.recovery import lost_runs, write_log
from db.rehearsals import rehearsals, rules
from db.restores import mappings, restore_drafts, restore_items, undos
from db.runs import (
    child_runs,
    claims,
    completion,
    name_cache,
    notifications,
    run_history,
    run_items,
    run_progress,
    runs,
)
from db.runs.run_items import NewRunItem
from db.states import CopyState, ItemState, Offer, Outcome, ReadinessVerdict, RunKind, WriteState
from db.tenants import backup_health, coverage, credentials, schedules
from tests.fixtures.database import fresh_database, let_go
from tests.support import many_rows
from tests.support.restore_steps import as_previewed

SIZE = many_rows.Size(
    tenants=5000,
    runs=20_000,
    active=1000,
    policies=10_000,
    backup_sets=10_000,
    restores=2500,
    restore_items=10_000,
)

# What may be read from one end to the other, and why that stays quick.
SMALL = {
    "users": "the people of one installation",
    "lease": "a row for each thing that one process at a time does",
    "heartbeat": "the processes of one day",
    "known_setting": "names of settings: tens of thousands, whatever the number of policies",
    "seal": "one row",
    "audit_head": "one row",
    "audit_check": "one row",
    "audit_key": "one row for each rotation of the encryption keys",
    "rule_change": "one of a tenant, until a second person decides",
    "entra_token": "one of each person who is signed in with Entra ID",
    "upload": "one of each person, until it is read",
    "upload_chunk": "at most 256 of each upload",
    "credential": "only of tenants whose credential is being replaced",
    "shared_app": "two for each cloud",
    "shared_app_credential": "three of each of these, at most",
    "entra_grant": "set by hand",
    "tag_membership": "given by hand, or by Entra ID to who signs in",
    "setback": "what steps of the sweep could not do, and soon do again",
    "preference": "what people chose by hand",
    "new_tenant_defaults": "one row",
    "ignored_field": "chosen by hand",
    "severity_rule": "changed by hand",
    "approved_scope": "declared by hand",
    "channel": "made by hand",
    "copy_store": "made by hand",
    "recovery_key": "made by hand",
    "copy_signer": "one row",
    "notice_rule": "made by hand",
    "standard": "made by hand",
    "standard_version": "made by hand",
    "standard_tag": "made by hand",
}
GROWING = {model._meta.table_name for model in TABLES} - SMALL.keys()
# What follows the number of tenants alone may be read where the answer is about all of a person's tenants.
OF_TENANTS = frozenset({"tenant", "schedule", "membership", "tenant_tag", "watch", "event_log", "tenant_readiness"})


@dataclass(frozen=True)
class Scan:
    table: str
    how: str
    sql: str
    # With a LIMIT and nothing to sort: it ends when a page is full, or at the number where counting ends.
    is_of_a_page: bool

    def __str__(self) -> str:
        return f"{self.table}: {self.how[:200]}\n    {self.sql[:60]} … {self.sql[self.sql.find('FROM') :][:300]}"


class Plans:
    """What the statements read from end to end that were executed meanwhile."""

    def __init__(self, database):
        self._is_sqlite, self._seen = engine.is_sqlite(), Counter()
        self.is_looking, self.scans = True, []
        # Of each index that was used: the columns of which it knew beforehand which rows have them.
        self.found_by = []
        # Statements that sort what they found.
        self.sorting = []
        self._partial = {row[0] for row in database.execute_sql(PARTIAL[self._is_sqlite]).fetchall()}
        self._indexes = dict(database.execute_sql(INDEXES[self._is_sqlite]).fetchall())

    def look(self, sql, params, execute):
        if not self.is_looking or not sql.startswith(("SELECT", "UPDATE", "DELETE", "INSERT", "WITH")):
            return
        if "WHERE (0 = 1)" in sql:
            return  # among none: neither engine so much as begins
        self._seen[sql] += 1
        # With other values once more: PostgreSQL plans by the values.
        if self._seen[sql] <= 2:
            read = self._read_by_sqlite if self._is_sqlite else self._read_by_postgresql
            self.scans += [scan for scan in read(sql, params, execute) if scan.table in GROWING]

    def _read_by_sqlite(self, sql, params, execute):
        tables = {alias: table for table, alias in re.findall(r'"(\w+)" AS "(\w+)"', sql)}
        details = [row[-1] for row in execute(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()]
        is_of_a_page = "LIMIT" in sql and not any("TEMP B-TREE" in detail for detail in details)
        if any("TEMP B-TREE FOR" in detail and "ORDER BY" in detail for detail in details):
            self.sorting.append(sql)
        for detail in details:
            found = re.match(SQLITES_WORDS, detail)
            if found and found[4]:
                self._note_index(found[4], detail.replace("rowid", "id"), is_all="COVERING" in detail)
            if found and (found[3] or (found[1] == "SCAN" and found[4] not in self._partial)):
                yield Scan(tables.get(found[2], found[2]), detail, sql, is_of_a_page)

    def _read_by_postgresql(self, sql, params, execute):
        [[[plan]]] = execute(f"EXPLAIN (FORMAT JSON) {sql}", params).fetchall()
        yield from self._nodes(plan["Plan"], sql, is_of_a_page=False)

    def _nodes(self, node, sql, is_of_a_page):
        kind, name = node["Node Type"], node.get("Index Name")
        if name:
            self._note_index(name, node.get("Index Cond", ""), is_all=kind == "Index Only Scan")
        if kind in ("Sort", "Incremental Sort"):
            self.sorting.append(sql)
        if kind == "Seq Scan" or (name and "Index Cond" not in node and name not in self._partial):
            how = f"{kind} {name or ''}, filter {node.get('Filter')}"
            yield Scan(node.get("Relation Name", name), how, sql, is_of_a_page)
        goes_on = kind in ("Limit", "Nested Loop", "Subquery Scan", "LockRows")
        for place, inner in enumerate(node.get("Plans", ())):
            yield from self._nodes(inner, sql, goes_on and place == 0 and (is_of_a_page or kind == "Limit"))

    def _note_index(self, name, condition, is_all):
        """`is_all`: it is read without its rows, so that none is read to be left out."""
        columns, _, predicate = self._indexes.get(name, "").partition("WHERE")
        known = set(re.findall(r"\w+", f"{columns if is_all else condition} {predicate}"))
        self.found_by.append((name, known))

    @contextmanager
    def looking_away(self):
        self.is_looking = False
        yield
        self.is_looking = True


SQLITES_WORDS = r"(SCAN|SEARCH) (\w+)(?: USING (AUTOMATIC )?(?:PARTIAL )?(?:COVERING )?INDEX (\w+))?"
# is SQLite -> the names of the indexes of some rows alone: to read one from end to end is what it is for.
PARTIAL = {
    True: "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '%WHERE%'",
    False: "SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indpred IS NOT NULL",
}
# is SQLite -> name and definition of the indexes that have one.
INDEXES = {
    True: "SELECT name, substr(sql, instr(sql, '(')) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    False: "SELECT indexname, substr(indexdef, strpos(indexdef, '(')) FROM pg_indexes WHERE schemaname = 'public'",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def large(request, tmp_path_factory):
    """A large database, bound and open: one for all cases of an engine."""
    with (
        fresh_database(request, request.param, tmp_path_factory.mktemp("large") / "large.db") as url,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TENANTKEEP_DATABASE_URL", url)
        config.settings.cache_clear()
        bound = engine.bind_database(url)
        encryption.use_keys(config.settings().encryption_keys)
        bound.connect()
        if not engine.is_sqlite():
            # Some thousand rows it may read faster than their index. Millions, never: so it asks what index there is.
            bound.execute_sql(f"ALTER DATABASE {bound.database} SET enable_seqscan = off")
            bound.close_all()
            bound.connect()
        installation.check_keys()
        many_rows.fill(SIZE, request.getfixturevalue("_password_hash"))
        yield bound
        let_go(bound)


@pytest.fixture
def plans(large, monkeypatch):
    plans, execute_sql = Plans(large), engine._ReplacesUnstorable.execute_sql

    def watched(self, sql, params=None):
        plans.look(sql, params, lambda sql, params: execute_sql(self, sql, params))
        return execute_sql(self, sql, params)

    monkeypatch.setattr(engine._ReplacesUnstorable, "execute_sql", watched)
    return plans


@contextmanager
def undone():
    """What is done in it is taken back at its end."""
    with engine.database.atomic() as transaction:
        yield
        transaction.rollback()


TENANT = 151
OWNER = Actor("operator", user_id=many_rows.OPERATOR)


def tenant():
    return Tenant.get_by_id(TENANT)


def claim_of(run):
    return claims.take_claim(run.id, RunKind(run.kind))


def queued():
    return Run.get_by_id(SIZE.runs - SIZE.active + 5)


def claimed():
    return claim_of(queued())


def read(policy, fingerprint):
    content = {"body": {}, "assignments": []}
    return snapshots.SnapshotDraft.of(
        policy,
        content,
        fingerprint,
        read_at=utcnow(),
        assignments_mark="x",
        name="x",
        modified_at=None,
        proof={},
        references={},
    )


def settled():
    claim = claimed()
    run_items.add_items(claim.run, [NewRunItem("configurationPolicies", f"{n}", 1) for n in range(3)])
    one, other, *_ = run_items.unsettled_items(claim.run)
    run_items.begin_items(claim, [one.id, other.id])
    run_items.set_item_reason(claim, one, "later")
    run_items.count_try(claim, [one.id])
    run_items.finish_item(claim, one, ItemState.FAILED, Outcome.ERROR, reason="x", message="x")
    run_items.finish_captured_items(claim, Outcome.CAPTURED, {other.id: 1})
    claims.reset_attempts(claim)
    claims.assert_claim(claim)
    run_progress.waiting_reason(claim.run)
    claims.is_cancel_requested(claim)
    return claim


def kept():
    """New contents, then the same again."""
    claim = claimed()
    mine = list(Policy.select().where(Policy.tenant == claim.run.tenant).limit(3))
    for _ in range(2):
        snapshots.save(claim.run, [read(policy, f"new {policy.id}") for policy in mine])


def listed():
    facts = {"name": "x", "odata_type": None, "platform": None, "is_built_in": False, "modified_at": None}
    rows = [{"graph_id": f"graph {n}", **facts} for n in range(900)]
    policies.record_listing(tenant(), "configurationPolicies", rows)
    coverage.record_offer(tenant(), "configurationPolicies", Offer.OFFERED)
    coverage.is_bad_of_late(tenant(), "configurationPolicies")
    policies.has_any_of_type(tenant(), "configurationPolicies")
    coverage.not_offered(tenant())
    policies.of_types(tenant(), ["configurationPolicies"])
    policies.get_or_create(tenant(), "configurationPolicies", "new", "New", None)
    policies.oldest_reading(tenant())
    name_cache.save_names(tenant(), {"groups": {f"object {n}": "x" for n in range(700)}})
    name_cache.seen_since(tenant(), utcnow() - timedelta(days=1))


def backed_up():
    """A whole tenant, in parts, to its end."""
    start = back_up.start(tenant(), SYSTEM)
    claim = claim_of(start.run)
    mine = list(Policy.select().where(Policy.tenant == TENANT))
    run_items.add_items(claim.run, [NewRunItem(policy.policy_type, policy.name, policy.id) for policy in mine])
    for policy in mine:
        policy.listed_mark, policy.modified_at = policy.assignments_mark, policy.modified_at or utcnow()
    backup_sets.unchanged_snapshots(mine, 10_000)
    for part in child_runs.create_children(
        claim, [[item.id] for item in run_items.unsettled_items(claim.run)], with_rest=True
    ):
        held = claim_of(part)
        [
            run_items.finish_captured_items(held, Outcome.CAPTURED, {item.id: 1})
            for item in run_items.unsettled_items(part)
        ]
        child_runs.end_child(held)
    backup_set = backup_sets.find_of_run(start.run)
    backup_sets.record_type(backup_set, "configurationPolicies", Offer.OFFERED)
    backup_sets.snapshot_ids(backup_set)
    child_runs.finish_parent_if_done(start.run.id)
    backup_sets.snapshot_ids(BackupSet.get_by_id(backup_set.id))
    completed(BackupSet.get_by_id(backup_set.id))


def completed(backup_set):
    """The set with what a retry of its run read besides."""
    set_retries.is_completable(backup_set)
    set_retries.begin(backup_set.id, ["configurationPolicies"])
    set_retries.add_to_set(backup_set, backup_set.run, {"configurationPolicies": {"captured": 3}}, [], [1, 2, 3])


def failed():
    claim = settled()
    Run.update(restore_id=1, kind=RunKind.RESTORE).where(Run.id == claim.run.id).execute()
    claim.run.restore_id = 1
    completion.fail(claim, "x", "x")


def restored():
    """From a request to a live run's end, a try of what failed, and an undo."""
    source = restore_drafts.RestoreSource("22222222-2222-4222-8222-222222222222", "Tenant", None)
    items = [restore_drafts.NewRestoreItem("configurationPolicies", f"graph {n}", "x", n, {}) for n in range(1, 4)]
    made = restore_drafts.create(
        tenant(), source, items, option_choices.parse_options({"assignments": "none"}, own_tenant=True), OWNER
    )
    restore_drafts.change_options(made, made.options, OWNER)
    completion.finish(claim_of(preview.start(made, OWNER).run))
    made = as_previewed(made)
    run = live_restore.start(made, OWNER, reason="x", plan=made.planned_mark).run
    claim = claim_of(run)
    ids = [item.id for item in restore_items.items(made)]
    write_log.record(claim, [write_log.WriteIntent(ids[0], "PATCH", "/x", "mark")])
    [write] = write_log.writes_by_item(ids)[ids[0]]
    write_log.record_answers([write_log.WriteAnswer(write.id, WriteState.ANSWERED, item_id=ids[0], created_id="x")])
    write_log.taken_ids(made.id)
    write_log.last_sent_at(run)
    restore_items.count_plan(made)
    restore_items.items_by_ids(ids)
    completion.fail(claim, "x", "x")
    with suppress(Invalid):
        live_restore.retry_failed(Run.get_by_id(run.id), OWNER)
    undo = restore_drafts.create(tenant(), source, restore_drafts.undo_items(made), made.options, OWNER, undo_of=made)
    Restore.update(state="finished").where(Restore.id == undo.id).execute()
    assert undos.that_undid_each([made, undo])[made.id] in ([], [undo])
    mappings.targets_by_key(tenant(), source.directory_id)
    mappings.remember(tenant(), source.directory_id, ("groups", "x"), "y", "Group")
    mappings.missing_mappings(tenant(), source.directory_id)
    mappings.suggestions(tenant(), {("groups", "x"): "Group"})


def pruned():
    place, ages = Tenant.get_by_id(many_rows.PRUNED), daily_prune.Ages(runs=30, restores=30, names=30)
    claim = claim_of(actors.housekeeping.daily_prune.start(place, OWNER).run)
    for item, step in zip(run_items.unsettled_items(claim.run), daily_prune.STEPS.values(), strict=True):
        if ids := step.find(place, ages)[: step.rows_at_once]:
            daily_prune.delete_rows(claim, item, place, ages, ids)
    assert daily_prune.count_freed(claim.run), "or nothing was tried"
    retention.preview(tenant(), retention.RetentionRules(last=2))
    credentials.forget_old()


def copied():
    """Sets and contents of a store, from the wait to the day on which they go."""
    store, later = CopyStore.get_by_id(1), utcnow() + timedelta(days=90)
    copied_sets.await_newest(store)
    copied_sets.await_copies(BackupSet.get_by_id(SIZE.backup_sets))
    copied_sets.try_now(store)
    push.start_due(store)
    pushing = CopiedSet.get((CopiedSet.store == store) & (CopiedSet.state == CopyState.PUSHING))
    under_way = copied_sets.of_run(pushing.run)
    names = [f"content {n}" for n in range(100)]
    known = copied_contents.known(store, names)
    copied_contents.keep(next(iter(known.values())), later, None)
    [left, *_] = known.values()
    facts = {"store": store.id, "directory_id": "d", "sha256": "a", "plain_bytes": 1, "stored_bytes": 1}
    rows = [{**facts, "name": f"sent {n}", "checksum": f"sent {n}", "kept_until": later} for n in range(32)]
    checksums = {row["name"]: row["checksum"] for row in rows}
    assert not sent_contents.announce(store, rows, under_way.id)
    assert not sent_contents.announce(store, rows, under_way.id), "nor another's, with these checksums"
    assert len(sent_contents.still_mine(store, checksums)) == len(rows)
    sent_contents.take_over(left, {**rows[0], "name": left.name}, under_way.id)
    assert not sent_contents.arrive(store, checksums)
    assert sent_contents.adopt(store, "sent 0", "sent 0", ("b", 2))
    copied_sets.note_manifest(under_way, "a")
    copied_sets.count_pushed(under_way, 1, 1)
    copied_sets.complete(under_way, 1, later, None)
    copied_sets.newest_before(under_way)
    copied_sets.has_newer(under_way)
    commit_facts.changes_seen(tenant(), utcnow() - timedelta(days=1), later, 100)
    commit_facts.people_of_restores({1, 2})
    commit_facts.graph_ids_of({1, 2})
    assert under_way.directory_id in copied_sets.directories_of(store)
    copied_sets.complete_of(store, under_way.directory_id)
    copied_contents.in_folder(store, "3f")
    copied_sets.lose(under_way)
    copied_sets.fail(under_way, "x")
    copied_sets.release_stranded(store)
    copied_sets.push_again(store.id, under_way.directory_id)
    copied_sets.forget_lost(store)
    over = copied_sets.over(store, utcnow(), 100)
    copied_sets.forget(over[0])
    going = copied_contents.take_over(store, utcnow(), copied_sets.directories_kept_on(store, utcnow()), 100)
    copied_contents.forget([content.id for content in going])
    copied_contents.forget_lost([CopiedContent.get_by_id(500)])
    copied_contents.sample(store, [0.0, 0.5, 1.0])
    standing.findings(utcnow())
    copied_sets.of_store(store, 3, CopyState.COMPLETE)
    copied_sets.of_set(BackupSet.get_by_id(150))
    assert loose_contents.has_new(store)
    assert loose_contents.is_busy(store)
    [page] = loose_contents.pages(store, 100)
    loose_contents.record(store, page[-1].snapshot_id)
    assert next(loose_contents.pages(CopyStore.get_by_id(1), 100))


def erased():
    """What a store has of a tenant that is gone, from the page to the last row."""
    store = CopyStore.get_by_id(2)
    removed = erasures.removed_tenant(store, erasures.removed_directories(store)[0])
    erasure = copy_erasure.request(store, removed.directory_id, OWNER, 0)
    assert erasures.begin(erasures.due(store, utcnow())[0])
    for number in erasures.set_numbers(erasure):
        erasures.forget_set(erasure, number, was_there=True)
    taken = copied_contents.take_all_of(erasure, 0, 32)
    assert erasures.has_contents(erasure)
    erasures.forget_contents(erasure, [content.id for content in taken])
    erasures.note_rest(erasure, None)
    erasures.note_refusal(erasure, "x")
    erasures.finish(erasure)


def rehearsed():
    start = rehearse.start(tenant(), OWNER)
    rehearsal = rehearsals.find_of_run(start.run)
    found = [rehearsals.NewFinding("x", "x")]
    rehearsals.add_findings(rehearsal, "contents", found)
    rehearsals.replace_findings(rehearsal, "contents", found)
    rehearsals.has_failures(rehearsal, "contents")
    rehearsals.save_samples(rehearsal, [{"policy_type": "x", "graph_id": "x", "name": "x", "lab_object_id": "x"}])
    rehearsals.note_removed(rehearsal, ["x"])
    rehearsals.samples_of(rehearsal)
    rehearsals.last_rehearsed(tenant())
    rules.lab_of(tenant())
    completion.request_cancel(start.run, OWNER)
    [due, *_] = rehearsals.removals_due(utcnow() + timedelta(days=9999))
    rehearse.start_removal(due)


def assessed():
    start = assess.start(tenant(), OWNER)
    mine = list(Policy.select().where(Policy.tenant == TENANT))
    verdict = reports.PolicyVerdict
    reports.save(start.run, [verdict(row.id, "x", "x", ReadinessVerdict.NOT, "x", "x") for row in mine], 0.5, 9)
    reports.mark_due(TENANT)
    [due, *_] = reports.due(utcnow())
    assess.start_due(due)
    reports.examples(tenant(), ["secret"], 3)
    reports.delete_old()


def marked():
    """Sets that wait for their deletion, of which some are taken back."""
    place = Tenant.get_by_id(many_rows.PRUNED)
    deletions.mark(place, 7)
    deletions.due(place)
    deletions.waiting(place)
    deletions.older_than_waiting(place, [150, 151])
    deletions.take_back(place, "why", OWNER)
    tenant_removal.request(tenant(), OWNER, 7)
    tenant_removal.waiting(None, 5)
    tenant_removal.take_back(tenant(), OWNER)
    tenant_removal.tenants_being_removed()


def removed():
    """To the last row."""
    gone = Tenant.get_by_id(SIZE.tenants)
    while tenant_removal.remove_next_rows(gone):
        pass
    assert Tenant.get_or_none(Tenant.id == SIZE.tenants) is None


def swept():
    """Every step of the scheduler, each with something to do."""
    scheduler.sweep()
    for run in Run.select().where(Run.id > SIZE.runs - many_rows.SPECIAL, Run.id <= SIZE.runs):
        sort = many_rows.SPECIAL_SORTS[run.id % len(many_rows.SPECIAL_SORTS)]
        assert DONE_WITH[sort](run), sort
    assert len(schedules.due_schedules(utcnow())) < SIZE.due
    assert not Restore.select().where(Restore.id <= SIZE.due, Restore.state != "expired").exists()


# Of which sort a run was before the sweep -> whether the sweep has seen to it.
DONE_WITH: dict[str, Callable[[Run], bool]] = {
    "never sent": lambda run: run.enqueued_at is not None,
    "its message lost": lambda run: run.enqueued_at > run.created_at,
    "its wait over": lambda run: run.enqueued_at > run.created_at,
    "its worker dead": lambda run: run.attempts == 1,
    "cancelled": lambda run: run.state == "cancelled",
    "without parts": lambda run: run.ended_at is not None,
    "stalled": lambda run: True,  # it is told, and not mended
}


@dataclass(frozen=True)
class Case:
    act: Callable[[], object]
    # The tables that it may read from end to end, for it is about every tenant.
    reads_all: frozenset[str] = frozenset()


SOME = list(range(1, 40))
FORTNIGHT = utcnow() - timedelta(days=14)
CASES = {
    "a heartbeat": Case(lambda: claims.record_heartbeat(["token 19100", "token 19200", claimed().token])),
    "a process's heartbeat": Case(lambda: installation.record_heartbeat("here", "worker")),
    # With every tenant's standing counted for /metrics, and who follows standards by tag, which it does seldom.
    "a sweep": Case(swept, frozenset({"tenant", "schedule", "standard_adoption", "tenant_tag"})),
    "retention": Case(pruned),
    "removing a tenant": Case(removed),
    # A new store gets the newest set of every tenant.
    "copies": Case(copied, frozenset({"tenant"})),
    "erasures": Case(erased, frozenset({"tenant"})),
    "a rehearsal": Case(rehearsed),
    "readiness": Case(assessed),
    "sets that wait for their deletion": Case(marked),
    "waiting": Case(lambda: claims.wait(claimed(), "x", 10)),
    "giving a claim back": Case(lambda: claims.release(claimed())),
    "an attempt that failed": Case(lambda: claims.schedule_retry(claimed(), "x", 10)),
    "finishing": Case(lambda: completion.finish(settled())),
    "failing": Case(failed),
    "cancelling": Case(lambda: completion.request_cancel(queued(), OWNER)),
    "snapshots": Case(kept),
    "a listing": Case(listed),
    "a capture's start": Case(lambda: capture.start(Policy.get(Policy.tenant == TENANT), OWNER)),
    "a sync's start": Case(lambda: sync.start(tenant(), OWNER)),
    "a backup": Case(backed_up),
    "a restore": Case(restored),
    "active locks": Case(lambda: runs.active_ids(range(5000))),
    "stalled runs": Case(lost_runs.stalled),
    "switching a tenant off": Case(lambda: tenant_switch.switch_off(tenant(), OWNER)),
    "standing of all": Case(lambda: backup_health.health_of_tenants(None, utcnow()), OF_TENANTS),
    "standing of some": Case(lambda: backup_health.health_of_tenants(SOME, utcnow())),
    # PostgreSQL may find it cheaper to merge with the numbers of all tenants.
    "changes": Case(lambda: backup_health.count_changes(SOME), frozenset({"tenant"})),
    "failures": Case(lambda: backup_health.count_failures(SOME, FORTNIGHT)),
    "runs by day": Case(lambda: run_history.count_ended_by_day(FORTNIGHT.date(), None)),
    "runs by day, of some": Case(lambda: run_history.count_ended_by_day(FORTNIGHT.date(), SOME)),
    "a pulse": Case(lambda: notifications.followed_runs(many_rows.OPERATOR, SOME, [1, 2])),
    "tenants to ask for words": Case(lambda: definition_sources.due_sources(utcnow())),
    "whether words are to be asked for": Case(lambda: [definitions.has_any("en"), definitions.to_ask("en", 1)]),
    "a tenant's unseen settings": Case(lambda: definition_sources.has_unmet(tenant(), ["configurationPolicies"])),
    "words of a page": Case(lambda: definitions.find_known([f"setting {n}" for n in range(200)], ["de", "en"])),
    "an admin's pulse": Case(lambda: notifications.followed_runs(many_rows.ADMIN, None, [1, 2])),
    "a bell": Case(lambda: notifications.unread_count(many_rows.OPERATOR, SOME)),
    "an admin's bell": Case(lambda: notifications.unread_count(many_rows.ADMIN)),
    "reading the news": Case(lambda: notifications.mark_read(many_rows.ADMIN)),
    "schedules of some": Case(lambda: schedules.of_tenants(SOME)),
    "what events leave to do": Case(
        lambda: follow_ups.find(tenant(), FORTNIGHT, timedelta(minutes=1), ["configurationPolicies"])
    ),
    "who changed it": Case(lambda: attribution.events_of_changes(list(Change.select().where(Change.id.in_(SOME))))),
    "who changed a policy": Case(lambda: attribution.events_of_policy(Policy.get_by_id(150))),
    "tenants that are due a look": Case(lambda: watches.due_watches(utcnow())),
    "how long it usually takes": Case(lambda: run_history.usual_seconds(Run.get_by_id(SIZE.runs), 1)),
}


def test_nothing_that_the_fleet_repeats_reads_a_table_that_grows(plans, redis_url):
    with plans.looking_away():
        prepare()
    found = {}
    for name, case in CASES.items():
        plans.scans = []
        with undone():
            case.act()
        found |= {f"{name}: {scan}": None for scan in plans.scans if scan.table not in case.reads_all}
    assert not found, "\n".join(found)


def prepare():
    """Most tenants are switched off: one after the other, they would take a sweep too long."""
    Tenant.update(is_active=False).where((Tenant.id > 30) & ~(Tenant.id << [TENANT, many_rows.PRUNED])).execute()
    check = AuditCheck.get()
    check.last_id, check.began_at = SIZE.policies - 3, utcnow()
    check.save()


PAGES = (
    "/", "/runs/", "/runs/mine", "/runs/mine?also=1,2", "/runs/?state=failed", "/runs/10001", "/runs/19501",
    "/runs/19501/progress", "/policies/", "/policies/?state=gone", "/policies/150", "/backup-sets/", "/backup-sets/150",
    "/restores/", "/restores/new", "/restores/150", f"/tenants/{TENANT}", "/tenants/", "/tenants/choose", "/schedules/",
    "/tenants/?tag=gold", "/tenants/?standing=late&schedule=no", "/tenants/?sort=2", "/tenants/acts?all=yes",
    "/tenants/acts/preview?all=yes&act=emergency&account=SG", "/tenants/acts/preview?all=yes&act=tags&add=gold",
    "/schedules/?search=contoso",
    "/changes/", "/changes/?state=open", "/changes/?severity=high", "/changes/?kind=removed", "/changes/?page=200",
    "/changes/?type=deviceConfigurations", "/changes/?by=person7@many.example", f"/changes/?tenant={TENANT}",
    f"/changes/?tenant={TENANT}&state=open", "/changes/?since=2026-11-01", "/changes/149",
    f"/tenants/{TENANT}/activity", f"/tenants/{TENANT}/approved", f"/tenants/{TENANT}/events/",
    f"/tenants/{TENANT}/events/?page=200", f"/tenants/{TENANT}/events/?by=person7@many.example",
    f"/tenants/{TENANT}/events/?search=bitlocker", f"/tenants/{TENANT}/at/",
    f"/tenants/{TENANT}/at/?at=2026-03-01T12:00Z&show=different", "/policies/150/dependencies",
    "/settings/", "/settings/?q=allow+setting", "/settings/?q=device_setting_151",
    "/settings/of?key=device_setting_151", "/settings/of?key=device_setting_151&value=a",
    f"/settings/of?key=device_setting_151&tenant={TENANT}",
    f"/tenants/{TENANT}/conflicts", "/search?q=setting+15&part=1", "/search?q=back+up+contoso&part=1",
    "/assignments/", "/assignments/?of=all-users", "/assignments/?of=all-users&type=configurationPolicies&page=200",
    "/assignments/?of=nobody", "/assignments/?of=gone", "/assignments/?intent=uninstall",
    f"/assignments/?tenant={TENANT}", "/assignments/?type=deviceConfigurations",
    f"/assignments/?whom=Group&tenant={TENANT}", f"/assignments/?of=filter&whom={'1' * 36}",
    f"/assignments/?of=unused-filters&tenant={TENANT}", "/assignments/?of=all-users&intent=uninstall",
    "/readiness/", "/readiness/?search=tenant", f"/tenants/{TENANT}/readiness",
    f"/tenants/{TENANT}/readiness?verdict=by_hand&search=bit", f"/tenants/{TENANT}/rehearsals", "/rehearsals/150",
    f"/tenants/{TENANT}/bring-back", f"/tenants/{TENANT}/bring-back?at=2026-03-01T12:00Z",
    f"/tenants/{many_rows.PRUNED}/retention", f"/tenants/{many_rows.PRUNED}", "/backup-sets/10000",
    "/notifications/", "/audit/", "/metrics", "/readyz",
)  # fmt: skip
OF_ADMINS = ("/copies/", "/copies/1", "/copies/keys/")


def test_no_page_reads_a_table_that_grows(large, plans, redis_url, sign_in):
    from web.app import create_app

    people = [User.get_by_id(user_id) for user_id in (many_rows.ADMIN, many_rows.OPERATOR)]
    large.close()
    app, found = create_app(), {}
    for user in people:
        client = sign_in(app.test_client(), user)
        for path in PAGES + (OF_ADMINS if user.id == many_rows.ADMIN else ()):
            plans.scans = []
            assert client.get(path).status_code == 200, path
            scans = [scan for scan in plans.scans if not scan.is_of_a_page and scan.table not in OF_TENANTS]
            found |= {f"{user.name} {path}: {scan}": None for scan in scans}
    engine.database.connect()
    assert not found, "\n".join(found)


def test_policies_sorted_by_a_time_are_found_in_that_order(large, plans, redis_url, sign_in):
    from web.app import create_app
    from web.views.backups.policies import PolicyListView

    admin = User.get_by_id(many_rows.ADMIN)
    large.close()
    client, found = sign_in(create_app().test_client(), admin), []
    orders = product(("modified_at", "last_captured_at"), ("", "&desc=1"), ("", f"&tenant={TENANT}"))
    for column, backwards, narrowed in orders:
        plans.sorting = []
        path = f"/policies/?sort={PolicyListView.column_list.index(column)}{backwards}{narrowed}"
        assert client.get(path).status_code == 200, path
        found += [f"{path}: {sql}" for sql in plans.sorting if 'FROM "policy"' in sql and "LIMIT" in sql]
    engine.database.connect()
    assert not found, "\n".join(found)


# What each list is narrowed by: a filter of its address -> the column that an index has to have, and what few rows
# hold. What is not here, the pages above try: days are in every index with the id, names and tags in other tables.
NARROWINGS = {
    "/runs/": {
        "state": ("state", ["failed", "unwell", "attention"]),
        "kind": ("kind", ["restore.live"]),
        "person": ("requested_by_id", ["7", "none"]),
        "tenant": ("tenant_id", [str(TENANT)]),
    },
    "/changes/": {
        "state": ("state", ["accepted", "open"]),
        "severity": ("severity", ["high"]),
        "kind": ("kind", ["removed"]),
        "by": ("restore_id", ["ours"]),
        "type": ("policy_type", ["deviceConfigurations"]),
        "tenant": ("tenant_id", [str(TENANT)]),
    },
    "/policies/": {
        "state": ("state", ["gone"]),
        "type": ("policy_type", ["deviceConfigurations"]),
        "tenant": ("tenant_id", [str(TENANT)]),
    },
    "/audit/": {
        "tenant": ("tenant_id", ["1"]),
        "action": ("action", ["tenant:changed"]),
        "actor": ("actor", ["person7@many.example"]),
        "result": ("result", ["failed"]),
    },
}
# Of ten million rows an index of one of them leads to a hundred thousand, which are read to be left out.
NARROWED_TWICE = [
    (path, {one: value, other: other_value}, {columns[one][0], columns[other][0]})
    for path, columns in NARROWINGS.items()
    for one, other in combinations(columns, 2)
    for value, other_value in product(columns[one][1], columns[other][1])
]
ALL_NARROWED = {column for columns in NARROWINGS.values() for column, _ in columns.values()}


def test_a_list_that_is_narrowed_twice_is_found_by_both(large, plans, redis_url, sign_in):
    from web.app import create_app

    admin = User.get_by_id(many_rows.ADMIN)
    large.close()
    client, found = sign_in(create_app().test_client(), admin), {}
    for path, query, columns in NARROWED_TWICE:
        plans.found_by = []
        assert client.get(path, query_string=query).status_code == 200, path
        if not any(columns <= known for _, known in plans.found_by):
            found[f"{path} {query}"] = [(name, known & ALL_NARROWED) for name, known in plans.found_by]
    engine.database.connect()
    assert not found, "\n".join(f"{asked}: {by}" for asked, by in found.items())
