"""Times of “which policies set this setting?” with a million settings, and of the search with a million policies.

Both over HTTP, to an admin who sees 500 tenants; on both engines.
"""

import statistics
import time
from collections.abc import Callable

from bench import rows, stage
from db.database import database, is_sqlite
from db.models import Policy, Tenant
from db.policies import conflicts

POLICIES, SETTINGS, KNOWN = 1_000_000, 1_000_000, 20_000
LOOKS = 20
PAGES = {
    "a rare setting": "/settings/?q=setting+19873",
    "words of every setting": "/settings/?q=allow+setting",
    "words of none": "/settings/?q=zebra",
    "by its id": "/settings/?q=device_vendor_19873",
    "with a value": "/settings/?q=setting+19873+option+1",
    "a setting's policies": "/settings/of?key=device_vendor_19873",
    "the commonest setting's policies": "/settings/of?key=device_vendor_1",
    "search: opened": "/search?part=1",
    "search: a word of 6 % of names": "/search?part=1&q=bitlocker",
    "search: a setting": "/search?part=1&q=setting+19873",
    "search: an act": "/search?part=1&q=back+up+tenant+250",
}
# Every fourth row is of the commonest thousand settings.
_KNOWN = """INSERT INTO known_setting (id, key, title, folded)
SELECT n, 'device_vendor_' || n, 'Allow Setting ' || n, 'allow setting ' || n || ' device_vendor_' || n FROM numbers
WHERE n <= {known}"""
_SETTINGS = """INSERT INTO policy_setting (tenant_id, policy_id, setting_id, mark, value, may_conflict)
SELECT policy.tenant_id, policy.id, CASE WHEN n % 4 = 0 THEN 1 + n % 1000 ELSE 1 + n % {known} END, 'mark ' || n % 7,
'~' || n % 7, n % 9 <> 0 FROM numbers JOIN policy ON policy.id = n"""
_NUMBERS = """CREATE TEMPORARY TABLE numbers AS WITH RECURSIVE counted (n) AS
(SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count}) SELECT n FROM counted"""
_TARGETS = """INSERT INTO policy_target (tenant_id, policy_id, policy_type, kind, object_id, is_excluded, place, intent,
filter_mode, is_gone)
SELECT tenant_id, id, policy_type, 'group', 'group ' || id % 40, FALSE, 'assignment', '', '', FALSE FROM policy
WHERE tenant_id = {largest}"""


def main() -> None:
    print(f"{POLICIES:,} policies, {SETTINGS:,} settings of {KNOWN:,}; the aim is 100 ms at the median")
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(stage.beside(url, "settings"))
            rows.fill(POLICIES)
            with database.connection_context():
                _fill()
            _print_pages(engine)
            with database.connection_context():
                _print_conflicts(engine)


def _fill() -> None:
    for statement in (_NUMBERS, _KNOWN, _SETTINGS, _TARGETS, "DROP TABLE numbers"):
        sql = statement.format(count=SETTINGS, known=KNOWN, largest=rows.LARGEST)
        database.execute_sql(sql if is_sqlite() else sql.replace("%", "%%"))
    database.execute_sql("ANALYZE" if is_sqlite() else "VACUUM (ANALYZE)")


def _print_pages(engine: str) -> None:
    with stage.web(rows.ADMIN) as session:
        for name, path in PAGES.items():
            times = _median_ms(lambda path=path: session.get(stage.WEB + path, timeout=60).raise_for_status())
            print(f"{engine}: {name:34} {times:6.1f} ms", flush=True)


def _print_conflicts(engine: str) -> None:
    tenant = Tenant.get_by_id(rows.LARGEST)
    policies = Policy.select().where(Policy.tenant == tenant).count()
    first = _median_ms(lambda: next(conflicts.of_tenant(tenant), None))
    print(f"{engine}: first conflict of a tenant of {policies:,} policies {first:6.1f} ms", flush=True)


def _median_ms(act: Callable[[], object]) -> float:
    times = []
    for _ in range(LOOKS):
        begin = time.perf_counter()
        act()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


if __name__ == "__main__":
    main()
