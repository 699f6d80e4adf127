"""Two years of an installation's rows, for the lists to show: as many of each kind as are asked for.

The two years are the same whatever the count: with a hundred times the rows, a week has a hundred times as many.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from bench import stage
from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database, is_sqlite
from db.models import Tenant
from db.states import Role, SiteRole

ADMIN, OPERATOR = "anna@bench.example", "olga@bench.example"
TWO_YEARS = timedelta(days=730)
TENANTS = 500
# Tenant 1 has a tenth of everything, the others share the rest. Person 20 has one row in ten thousand.
LARGEST, ORDINARY, BUSY, IDLE = 1, 250, 5, 20


def fill(count: int) -> None:
    """`count` policies, snapshots, changes, runs, backup sets, restores, notifications and audit events.

    In 500 tenants and by 20 people.
    """
    with database.connection_context():
        users.add(ADMIN, "Anna", stage.PASSWORD, SYSTEM, site_role=SiteRole.ADMIN)
        operator = users.add(OPERATOR, "Olga", stage.PASSWORD, SYSTEM)
        _number(count)
        with _without_indexes():
            for statement in _STATEMENTS:
                _execute(statement, first=1, last=TENANTS, **_CHOICES)
        users.set_member(operator, Tenant.get_by_id(LARGEST), Role.OPERATOR, SYSTEM)
        _settle()


def fill_tenants(count: int) -> None:
    """Add tenants up to this number. Nobody has a million: the other lists are measured before."""
    with database.connection_context():
        _number(count)
        _execute(_TENANT, first=TENANTS + 1, last=count, **_CHOICES)
        _settle()


@contextmanager
def _without_indexes() -> Iterator[None]:
    """On PostgreSQL, fill without what each row would have to be looked up in, and build the indexes at the end.

    Ten million rows of a kind take minutes so, and hours else. What is filled refers to nothing that is missing.
    """
    if is_sqlite():
        yield
        return
    filled = [statement.split()[2] for statement in _STATEMENTS if statement.startswith("INSERT")]
    found = database.execute_sql(_INDEXES, (filled,)).fetchall()
    database.execute_sql("SET session_replication_role = replica")
    database.execute_sql("SET maintenance_work_mem = '256MB'")
    for name, _definition in found:
        database.execute_sql(f'DROP INDEX "{name}"')
    yield
    for _name, definition in found:
        database.execute_sql(definition.replace("%", "%%"))
    database.execute_sql("SET session_replication_role = origin")


def _number(count: int) -> None:
    seconds = int(TWO_YEARS.total_seconds()) // count
    at, lately = _after(utcnow() - TWO_YEARS, f"n * {seconds}"), _after(utcnow(), "-(n % 30000)")
    _execute(_NUMBERS, count=count, at=at, lately=lately)


def _after(begin: datetime, seconds: str) -> str:
    """Return SQL for a time so many seconds later."""
    text = f"{begin:%Y-%m-%d %H:%M:%S}"
    if is_sqlite():
        return f"datetime('{text}', ({seconds}) || ' seconds')"
    return f"timestamp '{text}' + ({seconds}) * interval '1 second'"


def _settle() -> None:
    """Vacuum, as after a quiet night: PostgreSQL's autovacuum has nothing left to do beside what is measured."""
    _execute("DROP TABLE numbers")
    _execute("ANALYZE" if is_sqlite() else "VACUUM (ANALYZE)")


def _execute(statement: str, **values: object) -> None:
    sql = statement.format(**values)
    # psycopg2 takes a single % for the beginning of a parameter.
    database.execute_sql(sql if is_sqlite() else sql.replace("%", "%%"))


def _one_of(words: Sequence[str], number: str) -> str:
    """Return SQL for the word that the number's remainder chooses."""
    cases = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(words))
    return f"CASE {number} % {len(words)} {cases} END"


_SUBJECTS = (
    "BitLocker", "Defender Antivirus", "Firewall", "Edge", "OneDrive", "Windows Update", "Password", "Wi-Fi",
    "Certificates", "Compliance", "App Protection", "Browser", "Kiosk", "VPN", "Local Administrators", "Time Zone",
)  # fmt: skip
_TYPES = (
    "configurationPolicies", "configurationPolicies", "configurationPolicies", "deviceConfigurations", "mobileApps",
    "deviceCompliancePolicies", "conditionalAccessPolicies", "groupPolicyConfigurations",
)  # fmt: skip
_ACTS = ("run:requested", "run:ended", "snapshot:captured", "backup-set:completed", "policy:written")
_CITIES = ("Aalborg", "Bergen", "Chur", "Delft", "Essen", "Faro", "Graz", "Hull", "Izmir", "Jena", "Kiel", "Lyon")
_CHOICES = {
    "platform": _one_of(("WIN", "MAC", "IOS", "AND"), "n"),
    "matter": _one_of(_SUBJECTS, "n / 4"),
    "policy_type": _one_of(_TYPES, "n / 3"),
    "act": _one_of(_ACTS, "n / 3"),
    "city": _one_of(_CITIES, "n"),
}

# Those of constraints stay.
_INDEXES = """SELECT indexname, indexdef FROM pg_indexes JOIN pg_class ON pg_class.relname = indexname
WHERE schemaname = 'public' AND tablename = ANY(%s)
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = pg_class.oid)"""

# Scattered by primes, so that no two columns go together and neighbours are not alike.
_NUMBERS = """CREATE TEMPORARY TABLE numbers AS
WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count})
SELECT n, {count} AS size, {at} AS at, {lately} AS lately,
CASE WHEN n % 10 = 1 THEN 1 ELSE 2 + n % 499 END AS tenant,
CASE WHEN n % 9973 = 3 THEN 20 ELSE 1 + n % 10009 * 4001 % 10009 % 19 END AS person,
n % 10007 * 7919 % 10007 % 100 AS percent,
1 + CAST(n AS BIGINT) * 7919 % {count} AS another
FROM counted"""

_TENANT = """INSERT INTO tenant (id, name, directory_id, client_id, cloud, credential_kind, is_active, created_at,
last_synced_at, full_every_days, four_eyes, last_backup_id, last_backup_at, connected_at, connection_error)
SELECT n, {city} || CASE WHEN n % 50021 = 5 THEN ' Quokka' ELSE ' Holding' END || ' Ltd ' || n,
substr(CAST(100000000 + n AS VARCHAR), 2) || '-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222',
'global', 'secret', TRUE, at, lately, 7, n % 10 = 3, n, CASE WHEN n % 31 = 0 THEN NULL ELSE lately END, lately,
CASE WHEN n % 50 = 0 THEN 'The client secret has expired.' END
FROM numbers WHERE n BETWEEN {first} AND {last}"""

_PEOPLE = """INSERT INTO users (id, email, name, site_role, is_active, created_at)
SELECT n, 'person' || n || '@bench.example', 'Person ' || n, 'none', TRUE, at
FROM numbers WHERE n BETWEEN 3 AND 20"""

_SCHEDULE = """INSERT INTO schedule (tenant_id, cron, time_zone, is_full, is_paused, next_at, last_at, created_at)
SELECT id, '0 2 * * *', 'UTC', FALSE, id % 40 = 0, '2100-01-01 02:00:00', last_backup_at, created_at FROM tenant"""

_POLICY = """INSERT INTO policy (id, tenant_id, policy_type, graph_id, name, platform, is_built_in, state, modified_at,
first_seen_at, last_seen_at, last_captured_at, snapshot_count)
SELECT n, tenant, CASE WHEN n % 1009 = 0 THEN 'namedLocations' ELSE {policy_type} END,
'c' || substr(CAST(10000000 + CAST(n AS BIGINT) * 7919 % 9999991 AS VARCHAR), 2) || '-7f3e-4b1d-9a60-'
|| substr(CAST(1000000000000 + n AS VARCHAR), 2),
{platform} || ' - ' || {matter} || CASE WHEN n % 50021 = 5 THEN ' Quokka'
WHEN n % 701 = 3 THEN ' Wallaby' WHEN n <= 3000 THEN ' Legacy' ELSE '' END || ' - Ring ' || n,
'windows10', FALSE, CASE WHEN percent < 2 THEN 'gone' ELSE 'present' END, at, at, lately,
CASE WHEN percent = 50 THEN NULL WHEN percent IN (60, 61) THEN at ELSE lately END, 3
FROM numbers"""

# Every third by a schedule, and so by nobody; every twenty-first a part of the one before it. The last twenty go on.
_RUN = """INSERT INTO run (id, tenant_id, kind, dedupe_key, policy_id, state, requested_by_id, origin, attempts,
enqueued_at, created_at, started_at, ended_at, total, done, skipped, failed, uncertain, parts_begun, parent_id, part)
SELECT n, tenant, CASE WHEN n % 21 = 7 THEN 'backup_set.part' WHEN n % 1009 = 0 THEN 'restore.live'
WHEN n % 7 < 4 THEN 'policy.capture_snapshot' WHEN n % 7 = 4 THEN 'policy.sync' ELSE 'backup_set.capture' END,
'bench:' || n, CASE WHEN n % 7 < 4 THEN another END,
CASE WHEN n > size - 20 THEN 'running' WHEN n % 5003 = 0 THEN 'cancelled' WHEN percent < 2 THEN 'failed'
WHEN percent = 2 THEN 'partial' ELSE 'succeeded' END,
CASE WHEN n % 3 = 0 THEN NULL ELSE person END, CASE WHEN n % 3 = 0 THEN 'schedule' ELSE 'web' END, 1,
at, at, at, CASE WHEN n > size - 20 THEN NULL ELSE at END, 1, 1, 0, 0, 0, 0,
CASE WHEN n % 21 = 7 THEN n - 1 END, CASE WHEN n % 21 = 7 THEN 1 END
FROM numbers"""

_RUN_ITEM = """INSERT INTO run_item (run_id, policy_id, policy_type, graph_id, name, state, outcome)
SELECT n, another, 'configurationPolicies', 'x', 'Settings policy', 'done', 'unchanged' FROM numbers"""

# The admin hears of every run, the operator of their tenant's. Read, but for one in fifty.
_NOTIFICATION = """INSERT INTO notification (user_id, run_id, created_at, changed_at, read_at)
SELECT users.id, n, at, at, CASE WHEN percent < 2 THEN NULL ELSE at END
FROM numbers JOIN users ON users.id = 1 OR (users.id = 2 AND tenant = 1) WHERE n % 21 <> 7"""

_BACKUP_SET = """INSERT INTO backup_set (id, tenant_id, run_id, state, selection, is_full, created_by_id, created_at,
completed_at, types, problems, pinned_reason)
SELECT n, tenant, n, CASE WHEN n > size - 20 THEN 'running' WHEN percent < 2 THEN 'incomplete'
WHEN percent < 12 THEN 'complete with warnings' ELSE 'complete' END, '{{}}', n % 7 = 0,
CASE WHEN n % 3 = 0 THEN NULL ELSE person END, at, at, '{{}}', '[]', CASE WHEN percent = 40 THEN 'Before the move' END
FROM numbers"""

_RESTORE = """INSERT INTO restore (id, tenant_id, source_directory_id, source_name, backup_set_id, state, options,
reason, created_by_id, created_at, changed_by_id, ended_at)
SELECT n, tenant, '22222222-2222-4222-8222-222222222222', 'Chur Holding', n,
CASE WHEN n % 1009 = 0 THEN 'previewed' WHEN percent < 2 THEN 'draft' WHEN percent < 12 THEN 'expired'
WHEN percent < 20 THEN 'cancelled' ELSE 'finished' END, '{{}}', 'Bench', person, at, person, at
FROM numbers"""

# One policy in seven has seven of them, the others none: as many snapshots as policies, and lists of them.
_CONTENT = """INSERT INTO content (id, tenant_id, fingerprint, sealed, plain_bytes, created_at)
SELECT n, n, 'bench', '', 0, at FROM numbers WHERE n BETWEEN {first} AND {last}"""

_SNAPSHOT = """INSERT INTO snapshot (id, tenant_id, policy_id, content_id, run_id, captured_at, confirmed_at, name,
proof, "references")
SELECT numbers.n, policy.tenant_id, policy.id, policy.tenant_id, numbers.n, at, at, policy.name, '{{}}', '{{}}'
FROM numbers JOIN policy ON policy.id = (numbers.n - 1) / 7 * 7 + 1"""

# Most are news and nothing to decide; one in five thousand waits for a decision.
_CHANGE = """INSERT INTO change (id, tenant_id, policy_id, policy_type, kind, state, severity, rules, since_at, seen_at,
run_id, before_id, after_id, differences, difference_count, assessed_at)
SELECT snapshot.id, snapshot.tenant_id, policy_id, policy_type,
CASE WHEN percent < 5 THEN 'added' WHEN percent < 8 THEN 'removed' WHEN percent < 20 THEN 'assignments_changed'
ELSE 'changed' END,
CASE WHEN n % 5003 = 0 THEN 'open' WHEN percent = 91 THEN 'accepted' WHEN percent = 92 THEN 'put_back'
ELSE 'recorded' END,
CASE WHEN percent < 2 THEN 'high' WHEN percent < 40 THEN 'medium' ELSE 'low' END,
'[]', at, at, run_id, snapshot.id, snapshot.id, '[]', 0, at
FROM numbers JOIN snapshot ON snapshot.id = n JOIN policy ON policy.id = policy_id"""

# After those that were written already. The chain does not hold, and no list looks.
_AUDIT_EVENT = """INSERT INTO audit_event (id, at, action, actor_id, actor, tenant_id, tenant_name, subject, result,
address, details, previous_hash, hash)
SELECT n + last_id, at, CASE WHEN n % 5003 = 0 THEN 'tenant:changed' ELSE {act} END, person,
'person' || person || '@bench.example', tenant, 'Chur Holding', 'run ' || n,
CASE WHEN n % 997 = 0 THEN 'refused' WHEN percent < 2 THEN 'failed' ELSE 'ok' END, '192.0.2.1',
'{{"kind": "backup_set.capture", "origin": "schedule"}}', hash, hash
FROM numbers CROSS JOIN audit_head"""

_AUDIT_HEAD = "UPDATE audit_head SET last_id = (SELECT MAX(id) FROM audit_event)"

_STATEMENTS = (
    _TENANT, _PEOPLE, _SCHEDULE, _POLICY, _RUN, _RUN_ITEM, _NOTIFICATION, _BACKUP_SET, _RESTORE, _CONTENT, _SNAPSHOT,
    _CHANGE, _AUDIT_EVENT, _AUDIT_HEAD,
)  # fmt: skip
