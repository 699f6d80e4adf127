"""What no database can hold, rows by their ids, and how long a silent server or a silent transaction is waited for."""

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
