"""An installation through a file and into an empty one: how long it takes, and the most memory it ever has.

Rows of every kind as bench/rows.py makes them, and contents of 20 KB that no packing makes smaller. Each act is the
command itself.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import rows, stage
from db.database import database
from db.encryption import keyring
from db.models import Content
from db.policies.snapshots import content_owner

CONTENT_BYTES = 20_000
PASSPHRASE = "correct horse battery"
COLUMNS = ("from", "to", "rows", "contents", "file", "export", "most memory", "import", "most memory")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="of each kind")
    parser.add_argument("--contents", type=int, default=20_000)
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with stage.engines() as urls, TemporaryDirectory() as folder:
        for engine, url in urls.items():
            stage.bind(stage.beside(url, "moved"))
            rows.fill(options.rows)
            _fill_contents(options.contents)
            for other, place in urls.items():
                _measure(engine, other, stage.beside(place, f"from_{engine.lower()}"), options.contents, Path(folder))


def _fill_contents(count: int) -> None:
    with database.connection_context():
        for begin in range(0, count, 500):
            marks = [f"{number:064}" for number in range(begin, begin + 500)]
            Content.insert_many(
                {
                    "tenant": 1,
                    "fingerprint": mark,
                    "sealed": keyring().seal(secrets.token_bytes(CONTENT_BYTES), content_owner(1, mark)),
                    "plain_bytes": CONTENT_BYTES,
                }
                for mark in marks
            ).as_rowcount().execute()


def _measure(engine: str, other: str, place: str, contents: int, folder: Path) -> None:
    file, here = folder / f"{engine}-{other}", os.environ["TENANTKEEP_DATABASE_URL"]
    told, exporting, export_mb = _command("export-all", file, here)
    stage.bind(place)
    _, importing, import_mb = _command("import-all", file, place)
    stage.bind(here)
    size = file.stat().st_size / 1024**2
    cells = (engine, other, f"{told['rows']:,}", f"{contents:,}", f"{size:,.0f} MB", f"{exporting:.0f} s",
             f"{export_mb:.0f} MB", f"{importing:.0f} s", f"{import_mb:.0f} MB")  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)
    file.unlink()


def _command(name: str, file: Path, url: str) -> tuple[dict, float, float]:
    """(its answer, seconds, the most memory in MB)."""
    began = time.monotonic()
    line = [Path(sys.executable).parent / "tenantkeep", name, file, "--passphrase-stdin", "--json"]
    environment = {**os.environ, "TENANTKEEP_DATABASE_URL": url}
    with subprocess.Popen(line, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write(f"{PASSPHRASE}\n")
        process.stdin.close()
        answer = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, answer
    return json.loads(answer), time.monotonic() - began, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
