"""How the demo begins and ends; what it shows is in tests/browser."""

import sqlite3
import time

from tests.support import servers
from tests.support.demo import descendants, is_running, running_demo
from web.demo import mailbox


def test_it_stops_with_all_its_children_and_a_second_start_keeps_the_data_and_may_be_lively(tmp_path):
    data = tmp_path / "data"
    with running_demo(data) as first:
        below = descendants(first.process.pid)
        assert len(below) >= 8
        assert open_to_others(data) == []
        assert not is_told(data)
    servers.wait_for(lambda: not any(is_running(pid) for pid in below), "The end of every child", seconds=5)
    key = (data / "encryption-keys").read_text()
    began = time.monotonic()
    with running_demo(data, lively=True) as second:
        assert time.monotonic() - began < 30
        assert second.sign_in_of("reader") == ("reader@demo.example", "demo reader password")
        servers.wait_for(lambda: is_told(data), "A change with its author, in a notice", seconds=120)
    assert open_to_others(data) == []
    assert (data / "encryption-keys").read_text() == key
    with sqlite3.connect(data / "tenantkeep.db") as connection:
        assert connection.execute("SELECT COUNT(*) FROM users").fetchone() == (7,)
        assert connection.execute("SELECT COUNT(*) FROM tenant").fetchone() == (3,)
    connection.close()


def is_told(data):
    """Tell whether the demo's mail server was sent what the first lively change is, and whose."""
    sent = [mail["subject"] + mail["text"] for mail in mailbox.mails(data / mailbox.FILE)]
    return any("CA001" in mail and "anna.berg@fabrikam.example" in mail for mail in sent)


def open_to_others(folder):
    """Of all that was written, whoever wrote it: database and journals, Redis's files, logs, keys, the simulator's."""
    written = [folder, *folder.rglob("*")]
    assert {"tenantkeep.db", "web.log", "simulator.json.gz", "appendonlydir"} <= {one.name for one in written}
    return [one for one in written if one.exists() and one.stat().st_mode & 0o077]
