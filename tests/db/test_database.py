"""What no database can hold, rows by their ids, connections that stay open, and how long silence is waited for."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from db import database as engine
from db.models import Tenant


def test_what_no_database_holds_of_a_text_is_marked_and_the_rest_kept(database):
    made = Tenant.create(
        name="a\x00b \ud83d ü 👍", directory_id="1", client_id="1", break_glass=[{"name": "\ud83d\x00"}]
    )
    found = Tenant.get_by_id(made.id)
    assert found.name == "a\ufffdb \ufffd ü 👍"
    assert found.break_glass == [{"name": "\ufffd\x00"}]


def test_a_row_by_its_id_is_the_row_that_a_query_returns(database):
    made = Tenant.create(name="Contoso", directory_id="1", client_id="1", retention={"last": 3})
    found, queried = Tenant.get_by_id(made.id), Tenant.get(Tenant.name == "Contoso")
    assert found.__data__ == queried.__data__
    assert found.retention == {"last": 3}
    with pytest.raises(Tenant.DoesNotExist):
        Tenant.get_by_id(made.id + 1)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_neither_side_waits_for_ever_for_the_other_and_an_address_may_say_how_long(database_url, database):
    def bounds(bound):
        with bound.connection_context():
            told = bound.connection().info.dsn_parameters
            (silent,) = bound.execute_sql("SHOW idle_in_transaction_session_timeout").fetchone()
            return [told[name] for name in ("tcp_user_timeout", "keepalives_idle", "keepalives_count")], silent

    database.close()
    assert bounds(database) == (["15000", "10", "3"], "30s")
    other = engine.bind_database(f"{database_url}?tcp_user_timeout=99000&keepalives_idle=77")
    assert bounds(other) == (["99000", "77", "3"], "30s")
    other.close_all()


SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def names(bound):
    with bound.connection_context():
        return [tenant.name for tenant in Tenant.select()]


@SQLITE
def test_the_next_thread_goes_on_with_the_open_connection(database):
    opened = database.connection()
    database.close()

    def another():
        with database.connection_context():
            return database.connection()

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(another).result() is opened


@SQLITE
def test_a_file_that_takes_the_place_of_the_database_is_the_database(database, database_url):
    """As on the way back from a copy. What an open connection still held would be the old one's, for ever."""
    path = database_url.removeprefix("sqlite:///")
    Tenant.create(name="Before", directory_id="1", client_id="1")
    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(path, f"{path}.copy")
    Tenant.create(name="After", directory_id="2", client_id="2")
    database.close()
    assert names(database) == ["Before", "After"]
    for ending in ("-wal", "-shm"):
        os.unlink(path + ending)
    os.replace(f"{path}.copy", path)
    assert names(database) == ["Before"]


@SQLITE
def test_what_nobody_read_to_its_end_does_not_keep_a_connection_at_its_time(database, database_url):
    """Nor what nobody ended: the next unit of work reads what is there by now, and may write."""
    Tenant.insert_many([{"name": str(one), "directory_id": one, "client_id": one} for one in range(3)]).execute()
    unread = database.execute_sql("SELECT name FROM tenant")
    assert unread.fetchone() == ("0",)
    database.begin()
    Tenant.update(client_id="never").execute()
    database.close()
    other = engine._sqlite(database_url.removeprefix("sqlite:///"))
    with other.connection_context():
        other.execute_sql("UPDATE tenant SET client_id = 'changed'")
    other.close_all()
    with database.connection_context():
        assert {tenant.client_id for tenant in Tenant.select()} == {"changed"}
        assert Tenant.update(client_id="written").execute() == 3


@SQLITE
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_what_sqlite_took_back_by_itself_is_told_in_its_own_words_and_the_connection_goes_on(database, depth):
    Tenant.create(name="Contoso", directory_id="1", client_id="1")
    database.execute_sql("CREATE TABLE large (content)")
    [[pages]] = database.execute_sql("PRAGMA page_count").fetchall()
    database.execute_sql(f"PRAGMA max_page_count = {pages}")

    def fill(depth):
        with database.atomic():
            Tenant.create(name=f"Fabrikam {depth}", directory_id=f"f{depth}", client_id="1")
            if depth > 1:
                return fill(depth - 1)
            database.execute_sql("INSERT INTO large VALUES (zeroblob(1000000))")
            return None

    with pytest.raises(engine.OperationalError, match="disk is full"):
        fill(depth)
    assert not database.in_transaction()
    database.execute_sql("PRAGMA max_page_count = 100000")
    with database.atomic():
        Tenant.create(name="Northwind", directory_id="2", client_id="1")
    assert names(database) == ["Contoso", "Northwind"]
