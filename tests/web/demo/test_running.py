"""How the demo begins and ends; what it shows is in tests/browser."""

import sqlite3

from tests.support import servers
from tests.support.demo import descendants, is_running, running_demo, stop
from web.demo import mailbox


def test_it_stops_with_all_its_children_and_a_second_start_keeps_the_data_and_may_be_lively(demo):
    data, below = demo.data, descendants(demo.process.pid)
    assert len(below) >= 8
    assert open_to_others(data) == []
    stop(demo.process)
    servers.wait_for(lambda: not any(is_running(pid) for pid in below), "The end of every child")
    key, before = (data / "encryption-keys").read_text(), told(data)
    with running_demo(data, lively=True) as second:
        assert second.sign_in_of("reader") == ("reader@demo.example", "demo reader password")
        servers.wait_for(lambda: told(data) > before, "A change with its author, in a notice", seconds=240)
    assert open_to_others(data) == []
    assert (data / "encryption-keys").read_text() == key
    with sqlite3.connect(data / "tenantkeep.db") as connection:
        assert connection.execute("SELECT COUNT(*) FROM users").fetchone() == (7,)
        assert connection.execute("SELECT COUNT(*) FROM tenant").fetchone() == (3,)
    connection.close()


def told(data):
    """Return how many mails the demo's mail server was sent of what the first lively change is, and whose."""
    sent = [mail["subject"] + mail["text"] for mail in mailbox.mails(data / mailbox.FILE)]
    return sum("CA001" in mail and "anna.berg@fabrikam.example" in mail for mail in sent)


def open_to_others(folder):
    """Of all that was written, whoever wrote it: database and journals, Redis's files, logs, keys, the simulator's."""
    written = [folder, *folder.rglob("*")]
    assert {"tenantkeep.db", "web.log", "simulator.json.gz", "appendonlydir"} <= {one.name for one in written}
    return [one for one in written if one.exists() and one.stat().st_mode & 0o077]
