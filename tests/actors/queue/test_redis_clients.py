"""Redis as companies run it, each a real server: TLS with certificates, users, Sentinel and its failover, clusters."""

import ssl
import time
from contextlib import ExitStack
from threading import Lock

import dramatiq
import pytest
import redis

import config
from actors.queue import redis_clients
from actors.queue.broker import Broker
from config import parsers
from tests.support import product_modules, servers
from tests.support.certificates import Authority
from tests.support.tls_relay import tls_relay

SERVICE = "mymaster"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def trouble(url):
    with redis_clients.client_for(parsers.redis_url(url)) as client:
        return redis_clients.trouble(client)


def test_over_tls_with_a_user_and_a_certificate_of_our_own(authority, tmp_path):
    """The TLS is a relay's before a real server, as many managed offers have it: not every server here speaks it."""
    ours, our_key = authority.files_for("tenantkeep")
    context = authority.server_context("localhost")
    context.load_verify_locations(authority.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    user = "--requirepass another --user tenantkeep on >p@ss/word ~tenantkeep:* &* +@all -@admin"
    with (
        servers.redis_of(tmp_path / "tls", *user.split(), password="another") as server,
        tls_relay(context, server.connection_pool.connection_kwargs["port"]) as port,
    ):
        signed = f"ssl_ca_certs={authority.pem}&ssl_certfile={ours}&ssl_keyfile={our_key}"
        address = f"rediss://tenantkeep:p%40ss%2Fword@localhost:{port}/0"
        assert trouble(f"{address}?{signed}") is None
        assert trouble(f"{address}?ssl_ca_certs={authority.pem}").startswith("Redis does not answer"), "it wants ours"
        assert "certificate verify failed" in trouble(address)
        wrong = f"rediss://tenantkeep:wrong@localhost:{port}/0?{signed}"
        assert trouble(wrong) == "Redis asks for another user or password."
        assert not redis_clients.allows_anonymous_access(wrong)


def test_a_cluster_is_refused_in_words(tmp_path):
    options = f"--cluster-enabled yes --cluster-port {servers.free_port()} --appendonly no"
    with servers.redis_of(tmp_path / "cluster", *options.split()) as cluster:
        port = cluster.connection_pool.connection_kwargs["port"]
        assert trouble(f"redis://127.0.0.1:{port}/0") == redis_clients.CLUSTER


def test_another_master_takes_over_in_the_midst_of_work_and_nothing_that_waited_is_lost(tmp_path):
    done, lock = [], Lock()
    quick = ("--requirepass", "word", "--masterauth", "word", "--repl-diskless-sync-delay", "0")
    with ExitStack() as stack:
        master = stack.enter_context(servers.redis_of(tmp_path / "master", *quick, password="word"))
        first = master.connection_pool.connection_kwargs["port"]
        follows = ("--replicaof", "127.0.0.1", str(first))
        stack.enter_context(servers.redis_of(tmp_path / "replica", *quick, *follows, password="word"))
        sentinel = stack.enter_context(sentinel_of(tmp_path / "sentinel", first))
        servers.wait_for(lambda: sentinel.sentinel_master(SERVICE)["num-slaves"] == 1, "The sentinel")
        port = sentinel.connection_pool.connection_kwargs["port"]
        gone = servers.free_port()
        hosts = f"127.0.0.1:{gone},127.0.0.1:{port}"
        url = f"redis+sentinel://:word@{hosts}/{SERVICE}/1?sentinel_password=watch"
        broker = Broker(client=redis_clients.client_for(parsers.redis_url(url)), middleware=[], namespace="failover")

        @dramatiq.actor(broker=broker)
        def work(number):
            time.sleep(0.01)
            with lock:
                done.append(number)

        for number in range(100):
            work.send(number)
        assert broker.client.wait(1, 60_000) == 1, "the replica has them"
        worker = dramatiq.Worker(broker, worker_timeout=100, worker_threads=2)
        worker.start()
        try:
            servers.wait_for(lambda: len(done) >= 10, "The worker")
            master.process.kill()
            servers.wait_for(lambda: send(work, 100), "The new master")
            servers.wait_for(lambda: set(range(101)) <= set(done), "The rest of the queue")
        finally:
            worker.stop()
        assert broker.client.connection_pool.get_master_address()[1] != first
        for wrong in (f"{hosts}/another/0?sentinel_password=watch", f"127.0.0.1:{gone}/{SERVICE}/0"):
            assert trouble(f"redis+sentinel://:word@{wrong}").startswith("No sentinel answers and names a master")
        assert "word" not in config.shown(url)
        broker.client.close()


def send(actor, number):
    """Send as the product does: what was not sent is sent again."""
    try:
        actor.send(number)
    except (redis.RedisError, dramatiq.errors.BrokerConnectionError):
        return False
    return True


def sentinel_of(directory, master_port):
    """A sentinel that gives up a silent master within half a second, and whom only those may ask who know a word."""
    directory.with_suffix(".conf").write_text(
        f"sentinel monitor {SERVICE} 127.0.0.1 {master_port} 1\nsentinel auth-pass {SERVICE} word\n"
        f"sentinel down-after-milliseconds {SERVICE} 500\nsentinel failover-timeout {SERVICE} 2000\n"
        "requirepass watch\n"
    )
    return servers.sentinel(directory.with_suffix(".conf"), "watch")


def test_every_name_in_redis_is_made_in_one_place():
    """Else two installations that share a Redis would meet in it."""
    for path in product_modules.modules().values():
        if "graph" not in path.parts:
            assert '"tenantkeep:' not in path.read_text(), path
