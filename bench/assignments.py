"""Times of the page of assignments with a million targets: as an admin, who sees every tenant's, and as an operator.

A time is of the whole page, asked of a web process over loopback.
"""

import statistics
import time

import requests

from bench import stage
from db.accounts import users
from db.database import database
from db.models import PolicyTarget
from tests.support import many_rows

TARGETS = 1_000_000
SIZE = many_rows.Size(
    tenants=500, runs=2000, active=100, policies=TARGETS // 3 + 1, backup_sets=100, restores=100, restore_items=100
)
AIM_MS = 100
LOOKS = 20
# A tenant of the operator's.
TENANT = 3
PAGES = {
    "everything": "/assignments/",
    "all users, 8 %": "/assignments/?of=all-users",
    "all users, last page": "/assignments/?of=all-users&page=499",
    "all users, of one type": "/assignments/?of=all-users&type=deviceConfigurations",
    "all users, a rare intent": "/assignments/?of=all-users&intent=uninstall",
    "one group, by its id": "/assignments/?of=group&whom=11111111-1111-4111-8111-111111111111",
    "one group, by a part of its name": f"/assignments/?of=group&whom=Group 1203&tenant={TENANT}",
    "nobody": "/assignments/?of=nobody",
    "deleted groups and filters": "/assignments/?of=gone",
    "a rare intent": "/assignments/?intent=uninstall",
    "one type": "/assignments/?type=deviceConfigurations",
    "one tenant of 500": f"/assignments/?tenant={TENANT}",
    "search: every name": "/assignments/?search=bitlocker",
}


def main() -> None:
    print(f"{TARGETS:,} targets of {SIZE.policies:,} policies in {SIZE.tenants} tenants; the aim is {AIM_MS} ms")
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(stage.beside(url, "assignments"))
            with database.connection_context():
                many_rows.fill(SIZE, users.hasher.hash(stage.PASSWORD))
                print(f"{engine}: {PolicyTarget.select().count():,} targets are there")
            for who, number in (("admin", many_rows.ADMIN), ("operator", many_rows.OPERATOR)):
                with stage.web(f"person{number}@many.example") as session:
                    for name, address in PAGES.items():
                        print(f"{engine}: {who:8} {name:34} {_median_ms(session, address):6.1f} ms", flush=True)


def _median_ms(session: requests.Session, address: str) -> float:
    times = []
    for _ in range(LOOKS):
        begin = time.perf_counter()
        session.get(stage.WEB + address, timeout=60).raise_for_status()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
