"""`python -m tests.tools.released_database FOLDER`: the fixture of a release, by the code of this checkout.

Run once per release, at its tag (docs/releasing.md): a small installation that has done some of everything, as SQLite's
file and as PostgreSQL's dump. tests/test_upgrade.py brings both to the version that is tested.
"""

import gzip
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.support import servers

# For fixtures alone: whoever has them has these.
KEYS = {
    "TENANTKEEP_SECRET_KEY": "of the fixtures of releases",
    "TENANTKEEP_ENCRYPTION_KEYS": "b2YgdGhlIGZpeHR1cmVzIG9mIHJlbGVhc2VzLCAzMiA=",
}
EMAIL, PASSWORD = "ada@example.com", "a long password"
TENANT = "Fabrikam"
TYPES = ("configurationPolicies", "deviceCompliancePolicies", "conditionalAccessPolicies", "assignmentFilters")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tenantkeep-release-") as place, ExitStack() as stack:
        make(Path(place), folder, stack)


def make(place: Path, folder: Path, stack: ExitStack) -> None:
    redis_port, port = servers.free_port(), servers.free_port()
    simulator = f"http://127.0.0.1:{port}"
    settings = {
        **servers.settings(redis_port, simulator),
        **KEYS,
        "TENANTKEEP_DATABASE_URL": f"sqlite:///{place}/own.db",
    }
    os.environ.update(settings)
    for name in ("redis", "postgresql"):
        (place / name).mkdir()
    stack.enter_context(servers.redis_server(redis_port, place / "redis"))
    line = [sys.executable, "-m", "graph.simulator", "--port", str(port)]
    stack.enter_context(servers.running(line, cwd=servers.ROOT, stderr=subprocess.DEVNULL))
    servers.wait_for(lambda: servers.answers_http(f"{simulator}/_simulator/health"), "The simulator", 60)
    fill(simulator, place / "own.db")
    database = sqlite3.connect(place / "own.db")
    database.execute("VACUUM INTO ?", (str(place / "small.db"),))
    database.close()
    (folder / "sqlite.db.gz").write_bytes(gzip.compress((place / "small.db").read_bytes(), mtime=0))
    tenantkeep("export-all", str(place / "export"), "--passphrase-stdin", said=PASSWORD)
    place.chmod(0o755)
    server = stack.enter_context(servers.postgresql_server(place / "postgresql"))
    of_server = {"TENANTKEEP_DATABASE_URL": f"{server}/postgres"}
    tenantkeep("migrate", more=of_server)
    tenantkeep("import-all", str(place / "export"), "--passphrase-stdin", said=PASSWORD, more=of_server)
    dump = [
        servers.postgresql_binaries() / "pg_dump",
        "--no-owner",
        "--no-privileges",
        "--inserts",
        f"--port={urlsplit(server).port}",
    ]
    done = subprocess.run(
        [*dump, "--host=127.0.0.1", "--username=tenantkeep", "postgres"], check=True, capture_output=True
    )
    (folder / "postgresql.sql.gz").write_bytes(gzip.compress(done.stdout, mtime=0))


def fill(simulator: str, path: Path) -> None:
    """People, a tenant, two backups with a change between, a capture, a previewed and a live restore, a channel."""
    tenantkeep("migrate")
    tenantkeep("user", "add", EMAIL, "--name", "Ada", "--role", "admin", "--password-stdin", said=PASSWORD)
    tenantkeep("user", "add", "max@example.com", "--name", "Max", "--password-stdin", said=PASSWORD)
    tenant = requests.get(f"{simulator}/_simulator/tenants", timeout=10).json()[0]
    ids = ("--directory-id", tenant["directory_id"], "--client-id", tenant["client_id"], "--client-secret-stdin")
    tenantkeep("tenant", "add", TENANT, *ids, said=tenant["client_secret"])
    tenantkeep("member", "add", "max@example.com", TENANT, "operator")
    tenantkeep("channel", "add", "Ops", "--kind", "slack", "--address-stdin", said="https://hooks.example.com/x")
    with ExitStack() as stack:
        for kind in ("worker", "scheduler"):
            stack.enter_context(servers.running([*COMMAND, kind], cwd=servers.ROOT, stderr=subprocess.DEVNULL))
        tenantkeep("sync", TENANT, "--wait")
        types = [word for policy_type in TYPES for word in ("--type", policy_type)]
        tenantkeep("back-up", TENANT, *types, "--wait")
        rename_one(f"{simulator}/_simulator/tenants/{tenant['directory_id']}/changes", path)
        tenantkeep("back-up", TENANT, *types, "--wait")
        tenantkeep("restore", "1", "--preview", "--wait")
    tenantkeep("audit", "verify")


def rename_one(address: str, path: Path) -> None:
    database = sqlite3.connect(path)
    asked = "SELECT graph_id FROM policy WHERE policy_type = 'configurationPolicies' ORDER BY id"
    [graph_id] = database.execute(asked).fetchone()
    database.close()
    renamed = {
        "collection": "deviceManagement/configurationPolicies",
        "id": graph_id,
        "set": {"name": "Renamed by hand"},
    }
    by = {"kind": "person", "name": "max@fabrikam.example", "address": "203.0.113.7"}
    requests.post(address, json={**renamed, "by": by}, timeout=10).raise_for_status()


COMMAND = [sys.executable, "-c", "from web.commands import main; main()"]


def tenantkeep(*words: str, said: str = "", more: Mapping[str, str] = {}) -> None:
    line = [*COMMAND, *words]
    environment = servers.environment(**more)
    done = subprocess.run(line, input=f"{said}\n", env=environment, cwd=servers.ROOT, capture_output=True, text=True)
    sys.stdout.write(f"{' '.join(words[:2])}: {done.returncode} {done.stdout.strip()[-150:]}\n")
    if done.returncode not in (0, 2):
        sys.exit(done.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
