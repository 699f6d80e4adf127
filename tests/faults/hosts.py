"""Two worker hosts in network namespaces: each has a link of its own to each service, and any of them can be cut.

The host with web, scheduler, PostgreSQL, Redis and the simulator is a namespace too, which this process enters: nothing
of it is to be seen in the machine's own network. A link that is cut tells nobody: no connection is refused or closed,
they stay half open, and what was sent is sent again once the link is back.
"""

import ctypes
import json
import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from db.models import Heartbeat
from tests.faults.stage import POSTGRESQL, READY_SECONDS, Stage
from tests.support.demo import descendants

# A network for benchmarks (RFC 2544), in which each service has a net of its own.
NETS = {"redis": "198.18.1", "db": "198.18.2", "graph": "198.18.3"}
LINKS = tuple(NETS)
HOSTS = {"a": 11, "b": 12}
OF_NETWORK = 0x40000000  # CLONE_NEWNET in sched.h
LOOK_SECONDS = 0.5


def reason_for_none():
    """Return why there can be no namespaces here, or None."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return "network namespaces need root and iproute2's `ip`"
    tried = f"tenantkeep-{os.getpid()}-tried"
    if subprocess.run(["ip", "netns", "add", tried], capture_output=True).returncode:
        return "no network namespace can be made on this machine"
    _ip("netns", "delete", tried)
    return None


class Network:
    """The hosts and their links. Graph is asked in the clear on loopback only, so 127.0.0.1 is behind a link."""

    def __init__(self):
        self.names = {host: f"tenantkeep-{os.getpid()}-{host}" for host in ("hub", *HOSTS)}

    def open(self):
        for name in self.names.values():
            _ip("netns", "add", name)
            self._run(name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet")
        hub = self.names["hub"]
        _ip("-n", hub, "link", "set", "lo", "up")
        for link, net in NETS.items():
            _ip("-n", hub, "link", "add", link, "type", "bridge")
            _ip("-n", hub, "address", "add", f"{net}.1/24", "dev", link)
            _ip("-n", hub, "link", "set", link, "up")
            for host, number in HOSTS.items():
                self._connect(host, link, f"{net}.{number}/24")
        for host in HOSTS:
            _ip("-n", self.names[host], "route", "add", "127.0.0.1/32", "via", f"{NETS['graph']}.1")

    def _connect(self, host, link, address):
        hub, name = self.names["hub"], self.names[host]
        _ip("-n", hub, "link", "add", f"{link}-{host}", "type", "veth", "peer", "name", link, "netns", name)
        _ip("-n", hub, "link", "set", f"{link}-{host}", "master", link, "up")
        _ip("-n", name, "address", "add", address, "dev", link)
        _ip("-n", name, "link", "set", link, "up")

    def close(self):
        for name in self.names.values():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)

    def set_links(self, host, links, state):
        for link in links:
            _ip("-n", self.names["hub"], "link", "set", f"{link}-{host}", state)

    def busiest(self):
        """Return the host that asks Graph most just now."""
        before = {host: self._heard_from(host) for host in HOSTS}
        time.sleep(LOOK_SECONDS)
        return max(HOSTS, key=lambda host: self._heard_from(host) - before[host])

    def _heard_from(self, host):
        shown = _ip("-n", self.names["hub"], "-s", "-j", "link", "show", f"graph-{host}")
        return json.loads(shown)[0]["stats64"]["rx"]["bytes"]

    @contextmanager
    def entered(self):
        """Let this thread, and what it starts, be on the host with the services."""
        with Path("/proc/thread-self/ns/net").open() as own, Path("/run/netns", self.names["hub"]).open() as hub:
            _enter(hub)
            try:
                yield
            finally:
                _enter(own)

    def _run(self, name, *command):
        subprocess.run(["ip", "netns", "exec", name, *command], check=True)


def _ip(*arguments):
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


def _enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace.fileno(), OF_NETWORK):
        raise OSError(ctypes.get_errno(), "a network namespace cannot be entered")


class TwoHosts(Stage):
    """The stage with PostgreSQL, and workers on hosts of their own: "worker a" and "worker b"."""

    ours = ("web", *(f"worker {host}" for host in HOSTS), "scheduler")

    def __init__(self, network, folder, lost_answers):
        super().__init__(POSTGRESQL, folder, lost_answers)
        self.network = network
        self.url = self.url.replace("127.0.0.1", f"{NETS['db']}.1")

    def struck_host(self):
        """Return the host whose worker came to the seam."""
        self.wait_for(self.seams.struck_process, "who came to the seam", READY_SECONDS)
        struck = self.seams.struck_process()
        return next(host for host in HOSTS if struck in self._worker_processes(host))

    def has_beaten(self, host, since):
        """Tell whether a worker of the host has come to the database since."""
        rows = self.read(lambda: list(Heartbeat.select().where((Heartbeat.kind == "worker") & (Heartbeat.at > since))))
        return bool({int(row.process.split(":")[1]) for row in rows} & set(self._worker_processes(host)))

    def _worker_processes(self, host):
        return descendants(self.processes[f"worker {host}"].pid)

    def environment(self):
        return {
            **super().environment(),
            "TENANTKEEP_REDIS_URL": f"redis://{NETS['redis']}.1:{self.ports['redis']}/0",
        }

    def make_postgresql(self):
        super().make_postgresql()
        with (self.folder / "postgresql" / "data" / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 198.18.0.0/15 trust\n")

    def command(self, name, role):
        command, options = super().command(name, role)
        if role == "worker":
            command = ["ip", "netns", "exec", self.network.names[name.split()[1]], *command]
        if role == "redis":
            command = [*command, "--bind", "*", "--protected-mode", "no"]
        if role == "postgresql":
            command = [*command, "-c", "listen_addresses=*"]
        return command, options


@contextmanager
def two_hosts(folder, lost_answers):
    """Yield the stage, not open yet. Raises CalledProcessError where there can be no namespaces."""
    network = Network()
    try:
        network.open()
        with network.entered():
            yield TwoHosts(network, folder, lost_answers)
    finally:
        network.close()
