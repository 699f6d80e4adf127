import threading

import peewee as pw

from db import database as engine
from db import migrate
from db.models import TABLES


def indexes(found):
    """Without those for searching, which each engine has its own way of making."""
    ours = [one for one in found if not one.name.startswith(("policy_search", "tenant_search"))]
    return sorted((one.name, tuple(one.columns), one.unique) for one in ours)


def schema(database):
    """Table -> its columns and indexes, as the engine tells them."""
    return {
        table: (
            [(column.name, column.data_type, column.null) for column in database.get_columns(table)],
            indexes(database.get_indexes(table)),
        )
        for table in sorted(model._meta.table_name for model in TABLES)
    }


def test_the_migrations_make_exactly_the_tables_of_the_models(database, tmp_path):
    migrated = schema(database)
    if isinstance(database, pw.SqliteDatabase):
        fresh = pw.SqliteDatabase(tmp_path / "fresh.db")
    else:
        database.execute_sql("CREATE SCHEMA fresh")
        fresh = pw.PostgresqlDatabase(database.database, **database.connect_params, options="-c search_path=fresh")
    with fresh.bind_ctx(TABLES):
        fresh.create_tables(TABLES)
        if isinstance(fresh, pw.SqliteDatabase):
            assert schema(fresh) == migrated
        else:
            for table, (columns, theirs) in migrated.items():
                assert [(c.name, c.data_type, c.null) for c in fresh.get_columns(table, schema="fresh")] == columns
                assert indexes(fresh.get_indexes(table, schema="fresh")) == theirs
    fresh.close()


def test_two_that_migrate_at_once_both_succeed_and_one_does_the_work(tmp_path):
    engine.use(f"sqlite:///{tmp_path}/new.db")
    applied = []
    threads = [threading.Thread(target=lambda: applied.append(migrate.migrate())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, applied)) == [False, True]
