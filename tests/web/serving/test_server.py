"""`tenantkeep web` where a proxy of the same machine finds it: a socket in the file system, and IPv6."""

import http.client
import json
import socket
import stat
import subprocess

import pytest

from tests.support import servers
from web.serving import probe

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def web(bind, log, **environment):
    words = [servers.TENANTKEEP, "web", "--processes", "1", "--threads", "1", "--access-log"]
    return servers.running(words, env=servers.environment(TENANTKEEP_BIND=bind, **environment), stderr=log)


def refused(*words, **environment):
    done = subprocess.run(
        [servers.TENANTKEEP, "web", *words], env=servers.environment(**environment), capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode == 0, "Traceback" in done.stderr) == (False, False)
    return done.stderr


def test_a_socket_replaces_a_stale_one_lets_the_group_in_and_believes_the_proxy_about_addresses(
    cast, redis_url, tmp_path
):
    path, log = tmp_path / "web.sock", tmp_path / "log"
    bind = f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with log.open("w") as out, web(bind, out, TENANTKEEP_PROXIES="1", TENANTKEEP_LOG_FORMAT="json") as process:
        servers.wait_for(lambda: probe.web_problem(bind) is None, "web", process=process)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        connection = probe._connection(bind)
        for claimed in ("203.0.113.7", "198.51.100.1, 2001:db8::7"):
            connection.request("GET", "/sign-in", headers={"X-Forwarded-For": claimed})
            answer = connection.getresponse()
            assert (answer.status, b"Sign in" in answer.read()) == (200, True)
        connection.close()
        assert f"Another process serves at {path} already" in refused("--bind", bind)
    assert not path.exists()
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert [line["address"] for line in lines if line.get("route") == "/sign-in"] == ["203.0.113.7", "2001:db8::7"]
    path.write_text("Somebody's notes")
    assert f"{path} is there already, and is no socket" in refused(TENANTKEEP_BIND=bind)
    assert path.read_text() == "Somebody's notes"
    assert "--bind must be address:port" in refused("--bind", "unix:web.sock")


def test_it_listens_on_an_ipv6_address(cast, redis_url, tmp_path):
    with socket.socket(socket.AF_INET6) as free:
        try:
            free.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        port = free.getsockname()[1]
    log = tmp_path / "log"
    with log.open("w") as out, web(f"[::1]:{port}", out, TENANTKEEP_LOG_FORMAT="json") as process:
        servers.wait_for(lambda: probe.web_problem(f"[::1]:{port}") is None, "web", process=process)
        connection = http.client.HTTPConnection("::1", port, timeout=60)
        connection.request("GET", "/sign-in", headers={"X-Forwarded-For": "203.0.113.7"})
        assert connection.getresponse().status == 200
        connection.close()
    assert '"address": "::1"' in log.read_text(), "no proxy is counted, so nobody is believed"
