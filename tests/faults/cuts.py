"""Worker hosts that are cut off, with no word to either side, and come back (tests/faults/hosts.py)."""

import time

from db.clock import utcnow
from tests.faults.at_seams import STANDS_STILL, WRITE_RECORDED
from tests.faults.hosts import LINKS
from tests.faults.seams import Seam

# Claims go stale, another host takes over, and outwaits the write whose answer it does not know.
TAKEN_OVER_SECONDS = 120
# For a worker to go on where it stood still, until its write is out.
SENT_SECONDS = 1
AWAY_SECONDS = 11
BACK_SECONDS = 60


def cut_off(*links):
    """The host that works just now, from these services."""

    def strike(stage):
        host = stage.network.busiest()
        stage.network.set_links(host, links, "down")
        yield
        stage.network.set_links(host, links, "up")

    return strike


def with_a_write_on_its_way(stage):
    """Once a create is on record, and before it is at Graph.

    The host's system sends it again after 0.2, 0.4, 0.8 … s: once more when another host has made up for it.
    """
    stage.arm(Seam(WRITE_RECORDED, seconds=STANDS_STILL, names="POST"))
    yield
    if stage.comes_to_seam():
        host = stage.struck_host()
        stage.network.set_links(host, ("graph",), "down")
        time.sleep(STANDS_STILL + SENT_SECONDS)
        stage.network.set_links(host, ("redis", "db"), "down")
        time.sleep(AWAY_SECONDS)
        _come_back(stage, host)


def in_a_transaction(stage):
    """Rows are locked then by a host that PostgreSQL hears nothing of."""
    stage.arm(Seam(WRITE_RECORDED, seconds=STANDS_STILL))
    yield
    if stage.comes_to_seam():
        host = stage.struck_host()
        stage.network.set_links(host, LINKS, "down")
        deadline = time.monotonic() + TAKEN_OVER_SECONDS
        while not stage.work.is_over() and time.monotonic() < deadline:
            time.sleep(0.1)
        if not stage.work.is_over():
            stage.fallen.append(f"in {TAKEN_OVER_SECONDS} s no other host did what was left")
        _come_back(stage, host)


def _come_back(stage, host):
    back_at = utcnow()
    stage.network.set_links(host, LINKS, "up")
    stage.wait_for(lambda: stage.has_beaten(host, back_at), f"host {host}", BACK_SECONDS)
