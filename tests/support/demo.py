"""The demo as `make run` starts it, for the tests that need the whole."""

import os
import re
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.support import servers
from tests.support.simulated_tenant import SimulatedTenant

# For Chromium: nothing but the demo is ever asked for anything.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


class Demo:
    def __init__(self, process, output, data):
        self.process, self.output, self.data = process, output, data
        self.address = re.search(r"http://127\.0\.0\.1:\d+", output)[0]

    def tenant(self, name):
        """The simulator's side of a demo tenant."""
        lines = [Path(f"/proc/{one}/cmdline").read_text().split("\0") for one in descendants(self.process.pid)]
        line = next(one for one in lines if "graph.simulator" in one and "--port" in one)
        url = f"http://127.0.0.1:{line[line.index('--port') + 1]}"
        described = requests.get(f"{url}/_simulator/tenants", timeout=60).json()
        return SimulatedTenant(url, next(one["directory_id"] for one in described if one["name"] == name))

    def sign_in_of(self, role):
        """(e-mail, password) as printed."""
        line = next(line for line in self.output.splitlines() if line.strip().startswith(role))
        _, email, password = re.split(r"\s{2,}|(?<=\w) (?=\S+@)", line.strip(), maxsplit=2)
        return email, password


@contextmanager
def running_demo(data: Path, tenantkeep=servers.TENANTKEEP, *, history=False, lively=False):
    """Starts it, waits for what it prints, and ends it as Ctrl-C does. With a history, waits for that."""
    command = [tenantkeep, "demo", "--data", str(data), "--port", "0", "--history" if history else "--no-history"]
    command += ["--lively"] if lively else []
    last_words = "Made in " if history else "Ctrl-C stops"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TENANTKEEP_")}
    out = data.parent / f"{data.name}.out"
    with out.open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=data.parent,
            env=clean,
            start_new_session=True,
            umask=0,  # the worst that a shell may have: what it writes is its owner's alone all the same
        )
        try:
            servers.wait_for(
                lambda: last_words in out.read_text(), "The demo", seconds=600 if history else 300, process=process
            )
            yield Demo(process, out.read_text(), data)
        finally:
            stop(process)


def stop(process):
    """As Ctrl-C does; what has ended is left alone."""
    process.send_signal(signal.SIGINT)
    process.wait(120)


def descendants(pid):
    """Process ids below this one, by /proc."""
    children = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def sign_in(page, demo, role):
    email, password = demo.sign_in_of(role)
    page.goto(f"{demo.address}/sign-in")
    page.fill("#email", email)
    page.fill("#password", password)
    page.click("main button")
    page.wait_for_url(f"{demo.address}/")
