"""Costs of uploads: the memory of keeping three of the largest at once, memory and time of reading the worst kinds.

`python -m bench.uploads`. Each in a process of its own, so that its peak is its own.
"""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import config
from actors.process import startup
from db import migrate
from db.database import database
from db.models import Tenant
from db.runs import uploads
from tests.actors.uploads.test_unpacking import bombs
from tests.support.zip_uploads import read, zipped


def peak() -> int:
    """Return the peak of this process's memory, in MB."""
    # Not ru_maxrss, which a child begins with its parent's of.
    return next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmHWM")) // 1024


def keeping() -> None:
    with tempfile.TemporaryDirectory() as folder:
        config.use({"TENANTKEEP_DATABASE_URL": f"sqlite:///{folder}/bench.db"})
        startup.bind(config.settings())
        with database.connection_context():
            migrate.migrate()
            tenant = Tenant.create(name="T", directory_id="d", client_id="c")
        path = Path(folder) / "file"
        path.write_bytes(bytes(uploads.MAX_BYTES))
        before, began = peak(), time.monotonic()

        def keep() -> None:
            with database.connection_context(), path.open("rb") as file:
                uploads.receive(tenant, {}, file)

        threads = [threading.Thread(target=keep) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"| kept, three of 64 MB at once | {peak() - before} MB more | {time.monotonic() - began:.1f} s |")


def reading(path: Path) -> None:
    name, data = path.name, path.read_bytes()
    before, began = peak(), time.process_time()
    try:
        kept, left_out = read(data)
        said = f"{len(kept)} taken, {len(left_out)} left out"
    except ValueError as e:
        said = str(e)
    seconds = time.process_time() - began
    print(f"| read: {name}, {len(data):,} bytes | {peak() - before} MB more | {seconds:.1f} s | {said} |")


def made() -> dict[str, Callable[[], bytes]]:
    found = {name: (lambda data=data: data) for name, data in bombs()}
    many = b'{"body": {"name": "a", "x": [' + b",".join([b"{}"] * 490_000) + b"]}}"
    lines = [(f"{number}.json", many) for number in range(20)]
    said = {"policy_type": "configurationPolicies", "name": "a", "fingerprint": "0"}
    listed = [{**said, "file": name, "graph_id": name} for name, _ in lines]
    return {**found, "twenty of 490,000 values": lambda: zipped(lines, listed)}


def main() -> None:
    keeping()
    with tempfile.TemporaryDirectory() as folder:
        for name, make in made().items():
            path = Path(folder) / name
            path.write_bytes(make())  # made here: what making takes is no part of the other's peak
            subprocess.run([sys.executable, "-m", "bench.uploads", str(path)], check=True)


if __name__ == "__main__":
    reading(Path(sys.argv[1])) if sys.argv[1:] else main()
