"""Times of the page of assignments with a million targets: to an admin, who sees 500 tenants, and to a reader of half.

A time is of the whole page, asked of a web process over loopback; on both engines.
"""

import statistics
import time

import requests

from bench import rows, stage
from db.accounts import users
from db.audit.audit import SYSTEM
from db.database import database, is_sqlite
from db.models import Membership, PolicyTarget
from db.states import Role

TARGETS = 1_000_000
AIM_MS = 100
LOOKS = 20
READER = "rita@bench.example"
TENANT, GROUP = rows.ORDINARY, "11111111-1111-4111-8111-000000000250"
PAGES = {
    "everything": "/assignments/",
    "all users, 8 %": "/assignments/?of=all-users",
    "all users, last page": "/assignments/?of=all-users&page=499",
    "all users, of one type": "/assignments/?of=all-users&type=deviceConfigurations",
    "all users, a rare intent": "/assignments/?of=all-users&intent=uninstall",
    "one group, by its id": f"/assignments/?of=group&whom={GROUP}",
    "one group, by a part of its name": f"/assignments/?of=group&whom=Group 250&tenant={TENANT}",
    "nobody": "/assignments/?of=nobody",
    "deleted groups and filters": "/assignments/?of=gone",
    "a rare intent": "/assignments/?intent=uninstall",
    "one type": "/assignments/?type=deviceConfigurations",
    "one tenant of 500": f"/assignments/?tenant={TENANT}",
    "one type of one tenant": f"/assignments/?type=deviceConfigurations&tenant={TENANT}",
    "search: a word of 6 % of names": "/assignments/?search=bitlocker",
}
_NUMBERS = """CREATE TEMPORARY TABLE numbers AS WITH RECURSIVE counted (n) AS
(SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {policies}) SELECT n FROM counted"""
# Of each policy three; one policy in four is for everyone, one in fifty for nobody, and one group in a hundred is gone.
_TARGETS = """INSERT INTO policy_target (tenant_id, policy_id, policy_type, kind, object_id, is_excluded, place, intent,
filter_id, filter_mode, is_gone)
SELECT tenant_id, policy.id, policy_type,
CASE WHEN place = 2 AND n % 4 = 0 THEN 'all users' WHEN place = 2 AND n % 50 = 1 THEN 'nobody' ELSE 'group' END,
CASE WHEN place = 2 AND (n % 4 = 0 OR n % 50 = 1) THEN ''
ELSE '11111111-1111-4111-8111-' || substr(CAST(1000000000000 + n / 40 * 40 % 9999 + place AS VARCHAR), 2) END,
place = 1, 'assignment', CASE WHEN n % 997 = 0 THEN 'uninstall' WHEN n % 5 = 0 THEN 'required' ELSE '' END,
CASE WHEN n % 3 = 0 AND place = 0 THEN 'filter ' || n % 500 END, 'include', n % 100 = 9 AND place = 0
FROM numbers JOIN policy ON policy.id = n
CROSS JOIN (SELECT 0 AS place UNION ALL SELECT 1 UNION ALL SELECT 2) AS places"""
_NAMES = """INSERT INTO directory_name (tenant_id, kind, object_id, name, seen_at)
SELECT id, 'groups', '11111111-1111-4111-8111-' || substr(CAST(1000000000000 + n AS VARCHAR), 2), 'Group ' || n,
created_at FROM tenant JOIN numbers ON n BETWEEN 200 AND 300"""


def main() -> None:
    print(f"{TARGETS:,} targets in {rows.TENANTS} tenants; the aim is {AIM_MS} ms at the median")
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(stage.beside(url, "assignments"))
            rows.fill(TARGETS // 3)
            with database.connection_context():
                _fill()
                print(f"{engine}: {PolicyTarget.select().count():,} targets are there", flush=True)
            for who, email in (("admin", rows.ADMIN), ("reader of 250", READER)):
                with stage.web(email) as session:
                    for name, address in PAGES.items():
                        print(f"{engine}: {who:13} {name:34} {_median_ms(session, address):6.1f} ms", flush=True)


def _fill() -> None:
    reader = users.add(READER, "Rita", stage.PASSWORD, SYSTEM)
    memberships = [{"user": reader.id, "tenant": n, "role": Role.READER} for n in range(1, rows.TENANTS, 2)]
    Membership.insert_many(memberships).execute()
    for statement in (_NUMBERS, _TARGETS, _NAMES, "DROP TABLE numbers"):
        sql = statement.format(policies=TARGETS // 3)
        database.execute_sql(sql if is_sqlite() else sql.replace("%", "%%"))
    # SQLite has no statistics of them, as at work.
    if not is_sqlite():
        database.execute_sql("VACUUM (ANALYZE)")


def _median_ms(session: requests.Session, address: str) -> float:
    times = []
    for _ in range(LOOKS):
        begin = time.perf_counter()
        session.get(stage.WEB + address, timeout=60).raise_for_status()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
