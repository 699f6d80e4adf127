"""Ids are 64 bits wide, none is given twice, and none is spent on a row that is there already."""

import threading

import peewee as pw
import pytest

from db.accounts import preferences, users
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.clock import utcnow
from db.models import TABLES, Change, Policy, Run, Snapshot
from db.policies import policies, snapshots
from db.restores import mappings
from db.runs import listing_cache, name_cache, notifications, runs
from db.schema import row_ids
from db.states import Offer, Role, RunKind
from db.tenants import coverage
from tests.support import servers


def refers(field):
    return isinstance(field, row_ids.Identity | pw.ForeignKeyField) or (
        isinstance(field, pw.IntegerField) and field.column_name.endswith("_id")
    )


def test_every_id_and_whatever_refers_to_one_has_64_bits_and_is_given_once(database):
    columns = {(model._meta.table_name, field.column_name) for model in TABLES for field in model._meta.sorted_fields
               if refers(field)}  # fmt: skip
    if isinstance(database, pw.SqliteDatabase):
        made = dict(database.execute_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
        numbered = {model._meta.table_name for model in row_ids.auto_numbered(TABLES)}
        assert [name for name in numbered if "PRIMARY KEY AUTOINCREMENT" not in made[name]] == []
        return
    query = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
    types = {(table, column): kind for table, column, kind in database.execute_sql(query).fetchall()}
    assert {column: types[column] for column in columns if types[column] != "bigint"} == {}
    narrow = "SELECT sequencename FROM pg_sequences WHERE max_value < 2^62"
    assert database.execute_sql(narrow).fetchall() == [("schema_migration_id_seq",)]


def listed(*names):
    return [
        {
            "graph_id": name,
            "name": name,
            "odata_type": None,
            "platform": None,
            "is_built_in": False,
            "modified_at": None,
        }
        for name in names
    ]


def read(policy, mark):
    told = {"assignments_mark": "", "name": "P", "modified_at": None, "proof": {}, "references": {}}
    return snapshots.SnapshotDraft.of(policy, {"body": {}}, mark, read_at=utcnow(), **told)


def everything_once(cast, run):
    """Whatever a night brings, of which nothing is new the second time."""
    policies.record_listing(cast.contoso, "intents", listed(*map(str, range(600))))
    policies.get_or_create(cast.contoso, "intents", "1", "1", None)
    name_cache.save_names(cast.contoso, {"groups": {"a": "A", "b": None}, "filters": {"a": "A"}})
    coverage.record_offer(cast.contoso, "intents", Offer.OFFERED)
    coverage.record_backup(cast.contoso.id, utcnow(), ["intents"], {"settings": "No."})
    manifests.save(cast.contoso, [1, 2, 3])
    mappings.remember(cast.contoso, "x", ("groups", "a"), "b", "B")
    snapshots.save_content(cast.contoso.id, {"body": {}}, "f" * 64)
    listing_cache.save(run, "intents", [], utcnow())
    notifications.notify_user(run, cast.ada)
    preferences.save(cast.ada.id, "tenant", 1)
    users.set_member(cast.ada, cast.contoso, Role.OPERATOR, SYSTEM)


def test_what_is_known_spends_no_id(cast, captured):
    policy, run, _ = captured[0]
    for mark in "ab":
        snapshots.save(run, [read(policy, mark * 64)])
    everything_once(cast, run)
    before = {model: (row_ids.last_given_id(model), model.select().count()) for model in row_ids.auto_numbered(TABLES)}
    everything_once(cast, run)
    # The same as the newest: nothing new at all. As the one before: a snapshot, of the content that is there, a change.
    for mark in "ba":
        snapshots.save(run, [read(policy, mark * 64)])
    after = {model: (row_ids.last_given_id(model), model.select().count()) for model in before}
    changed = {model: after[model][0] - before[model][0] for model in before if after[model] != before[model]}
    assert changed == {Snapshot: 1, Change: 1}


def test_a_row_s_id_is_not_given_again_when_the_row_is_gone(cast, captured):
    for model in (Run, Policy):
        last = row_ids.last_given_id(model)
        model.delete().where(model.id == last).execute()
    again = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="again", items=[], actor=SYSTEM).run
    policies.record_listing(cast.contoso, "intents", listed("new"))
    assert again.id > captured[-1][1].id
    assert Policy.get(Policy.graph_id == "new").id > captured[-1][0].id


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_listings_in_opposite_orders_and_a_capture_wait_for_each_other_in_one_order(cast, database, captured):
    """A third holds a row in the middle until all wait: who begins at the other end would hold what the others want."""
    names = [str(number) for number in range(20)]
    policies.record_listing(cast.contoso, "intents", listed(*names))
    ids = [policy.id for policy in policies.of_types(cast.contoso, ["intents"])]
    run, reads, faults = (
        captured[0][1],
        [read(Policy.get_by_id(policy_id), f"{policy_id:064}") for policy_id in reversed(ids)],
        [],
    )

    def work(act, *words):
        try:
            with database.connection_context():
                act(*words)
        except pw.PeeweeException as e:
            faults.append(e)

    acts = [(policies.record_listing, cast.contoso, "intents", listed(*order)) for order in (names, names[::-1])]
    threads = [threading.Thread(target=work, args=act) for act in (*acts, (snapshots.save, run, reads))]
    with database.atomic():
        database.execute_sql("SELECT 1 FROM policy WHERE id = %s FOR NO KEY UPDATE", (ids[10],))
        for thread in threads:
            thread.start()
        waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"
        servers.wait_for(lambda: database.execute_sql(waiting).fetchone()[0] == len(threads), "All three")
    for thread in threads:
        thread.join()
    assert faults == []


def test_what_was_given_is_told_as_a_share_of_what_can_be(cast):
    assert max(row_ids.share_of_ids_used(TABLES).values()) < 0.001
    row_ids.continue_after(Run, 2**62)
    assert next(iter(row_ids.share_of_ids_used(TABLES).items())) == ("run", 0.5)
    made = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="a", items=[], actor=SYSTEM).run
    assert (made.id, Run.get_by_id(made.id)) == (2**62 + 1, made)
    # As a recovery says that brings back an older set than the last one, which was deleted.
    row_ids.continue_after(Run, 7)
    Run.delete().execute()
    row_ids.continue_after(Run, 7)
    again = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="a", items=[], actor=SYSTEM).run
    assert again.id > made.id
