"""`tenantkeep web`, `worker` and `scheduler`, as a supervisor starts them, wherever it does."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from honcho import environ as procfiles

import config
from db.clock import utcnow
from db.installation import installation
from db.models import Heartbeat
from tests.support import servers
from tests.support.demo import descendants, is_running
from web.commands import cli
from web.demo import running
from web.demo.running import PROCFILE

PROCFILES = (servers.ROOT / "Procfile", PROCFILE)
on_one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def elsewhere(tmp_path):
    """A folder whose files are called as ours: nothing of it may be imported."""
    for name in ("config", "web", "actors", "db", "graph"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not ours')")
    return tmp_path


@pytest.mark.parametrize("name", ["web", "worker", "scheduler"])
def test_help_starts_nothing(name, tmp_path):
    """Started, it would refuse without its settings."""
    done = subprocess.run([servers.TENANTKEEP, name, "--help"], env={"HOME": str(tmp_path)}, capture_output=True)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: tenantkeep {name}".encode())


@pytest.mark.parametrize("path", PROCFILES, ids=lambda path: path.name)
def test_each_line_of_a_procfile_is_a_command_that_stays(path):
    lines = procfiles.parse_procfile(path.read_text()).processes.values()
    ours = [line.removeprefix("exec ").split() for line in lines if "tenantkeep" in line]
    assert {words[1] for words in ours} == {"web", "worker", "scheduler"}
    for _, name, *options in ours:
        cli.commands[name].make_context(name, options)  # an option that is none raises


@on_one_engine
def test_honcho_starts_all_of_the_procfile_and_ends_it(database, redis_url, elsewhere):
    port = servers.free_port()
    text = (servers.ROOT / "Procfile").read_text()
    assert text.count("127.0.0.1:8000") == 1, "where docs/configuration.md says that web listens"
    (elsewhere / "Procfile").write_text(text.replace("127.0.0.1:8000", f"127.0.0.1:{port}"))
    folder = Path(sys.executable).parent
    path = servers.environment(PATH=f"{folder}{os.pathsep}{os.environ['PATH']}")
    written = elsewhere / "honcho.log"
    with (
        written.open("wb") as log,
        subprocess.Popen([folder / "honcho", "start"], cwd=elsewhere, env=path, stdout=log) as honcho,
    ):
        try:
            servers.wait_for(lambda: servers.answers_http(f"http://127.0.0.1:{port}/readyz"), "Web", process=honcho)
            servers.wait_for(
                lambda: {heartbeat.kind for heartbeat in Heartbeat} == {"web", "worker", "scheduler"}, "All", 20, honcho
            )
            # What is ended while it begins takes longer than honcho waits.
            servers.wait_for(lambda: "ready for action" in written.read_text(), "The worker", process=honcho)
            below = descendants(honcho.pid)
        finally:
            honcho.send_signal(signal.SIGTERM)
            honcho.wait(timeout=300)
    said = written.read_text()
    assert "Killing" not in said
    servers.wait_for(lambda: not any(is_running(pid) for pid in below), "The end of every child")


@on_one_engine
def test_web_logs_in_one_format_and_leaves_nothing_in_the_home_folder(database, redis_url, tmp_path):
    """gunicorn's lines too, and no socket that listens for orders."""
    port, home = servers.free_port(), tmp_path / "home"
    home.mkdir()
    settings = {"PORT": str(port), "HOME": str(home), "TENANTKEEP_LOG_FORMAT": "json"}
    line = [servers.TENANTKEEP, "web", "--processes", "1", "--access-log"]
    with (
        (tmp_path / "log").open("w") as log,
        servers.running(line, env=servers.environment(**settings), stdout=log, stderr=log) as web,
    ):
        address = f"http://127.0.0.1:{port}/readyz?code=of-entra"
        servers.wait_for(lambda: servers.answers_http(address), "Web", process=web)
    assert web.returncode == 0
    assert "of-entra" not in (tmp_path / "log").read_text()
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert {line["logger"] for line in lines} >= {"gunicorn.error", "tenantkeep.access"}
    line = next(line for line in lines if line["logger"] == "tenantkeep.access")
    assert (line["method"], line["route"], line["status"], line["address"]) == ("GET", "/readyz", 200, "127.0.0.1")
    assert {"bytes", "milliseconds", "request_id"} <= line.keys()
    assert list(home.iterdir()) == []


@on_one_engine
def test_a_process_is_alive_while_it_beats_on_this_host_and_nobody_is_blamed_for_the_database(
    database, redis_url, monkeypatch
):
    def health(*process):
        config.settings.cache_clear()
        return CliRunner().invoke(cli, ["health", *process]).exit_code

    monkeypatch.setenv("PORT", str(servers.free_port()))  # somebody may have a web of their own at the usual one
    installation.record_heartbeat("another-host:7", "worker")
    installation.record_heartbeat(f"{socket.gethostname()}:7", "scheduler")
    assert (health("worker"), health("scheduler"), health("web")) == (1, 0, 1)
    assert health() == 0
    Heartbeat.update(at=utcnow() - timedelta(minutes=2)).execute()
    assert (health("scheduler"), health()) == (1, 1)
    monkeypatch.setenv("TENANTKEEP_DATABASE_URL", "postgresql://127.0.0.1:1/nowhere")
    assert health("scheduler") == 0


def test_the_demo_listens_where_port_says_unless_an_option_says_otherwise(monkeypatch):
    ports = []
    monkeypatch.setattr(running, "demo", lambda port, **_: ports.append(port))
    for line, environment in (
        (["demo"], {"PORT": "8123"}),
        (["demo", "--port", "0"], {"PORT": "8123"}),
        (["demo"], {}),
    ):
        answer = CliRunner().invoke(cli, line, env={"PORT": None, **environment})
        assert answer.exit_code == 0, answer.output
    assert ports == [8123, 0, 8000]
