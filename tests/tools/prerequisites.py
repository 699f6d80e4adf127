"""Says, before the tests run, what this machine cannot test: `make test` must not leave things out in silence."""

import shutil
import sys

from tests.support import copy_stores
from tests.support.servers import postgresql_binaries


def main() -> None:
    if postgresql_binaries() is None:
        sys.stdout.write("No PostgreSQL here: the database tests run on SQLite only.\n")
    if not shutil.which("pgbouncer"):
        sys.stdout.write("No pgbouncer here: working through one is not tested (install the package pgbouncer).\n")
    if not shutil.which("age"):
        sys.stdout.write("No age here: that it opens our files is not tested (install the package age).\n")
    for program in ("nginx", "caddy", "systemd-analyze", "kubectl", "psql"):
        if not shutil.which(program):
            sys.stdout.write(f"No {program} here: it does not check its files in deploy/.\n")
    if not copy_stores.has_azurite():
        sys.stdout.write(f"{copy_stores.NO_AZURITE}.\n")
    if chromium() is None:
        sys.stdout.write("No Chromium here: the browser tests are left out (install the package chromium).\n")


def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


if __name__ == "__main__":
    main()
