"""/readyz of a real web process: when Redis or the database goes away it says so within two seconds."""

import subprocess
import time

import pytest
import requests

from tests import servers


@pytest.fixture
def own_redis(tmp_path):
    port = servers.free_port()
    (tmp_path / "redis").mkdir()
    with servers.redis_server(port, tmp_path / "redis") as process:
        yield port, process


@pytest.fixture
def web(database_url, own_redis):
    """(address, Redis's process) of the web process."""
    redis_port, redis_process = own_redis
    port = servers.free_port()
    command = [servers.TENANTKEEP, "web", "--processes", "1"]
    environment = servers.environment(
        TENANTKEEP_DATABASE_URL=database_url, TENANTKEEP_REDIS_URL=f"redis://127.0.0.1:{redis_port}/0", PORT=str(port)
    )
    with servers.running(command, env=environment, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        servers.wait_for(lambda: servers.answers_http(f"{address}/readyz"), "The web", process=process)
        yield address, redis_process


def ready(address):
    """(status, troubles) and that it came in time."""
    began = time.monotonic()
    answer = requests.get(f"{address}/readyz", timeout=10)
    assert time.monotonic() - began < 2
    return answer.status_code, set(answer.json()["troubles"])


@pytest.mark.parametrize("process", ["web", "worker", "scheduler"])
def test_a_process_refuses_to_start_in_one_line_and_not_again_and_again(process):
    environment = servers.environment(TENANTKEEP_ENCRYPTION_KEYS="c2hvcnQ=", TENANTKEEP_REDIS_URL="nonsense")
    done = subprocess.run(
        [servers.TENANTKEEP, process],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert [line.partition(" is wrong")[0] for line in done.stderr.splitlines()] == [
        "TENANTKEEP_REDIS_URL",
        "TENANTKEEP_ENCRYPTION_KEYS",
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_redis_it_is_alive_but_not_ready(web):
    address, redis_process = web
    assert ready(address) == (200, set())
    redis_process.kill()
    redis_process.wait()
    assert ready(address) == (503, {"redis"})
    assert requests.get(f"{address}/healthz", timeout=5).ok
    assert requests.get(f"{address}/sign-in", timeout=5).ok, "pages go on: a start is recorded and sent later"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_its_database_it_is_alive_but_not_ready(web, database_url):
    address, _ = web
    assert ready(address) == (200, set())
    server, _, name = database_url.rpartition("/")
    servers.execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    servers.execute(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
    assert ready(address) == (503, {"database"})
    assert requests.get(f"{address}/healthz", timeout=5).ok
    assert requests.get(f"{address}/sign-in", timeout=5).status_code == 503
    servers.execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert ready(address) == (200, set())
