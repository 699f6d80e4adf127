"""An installation's rows, as many as are asked for, made by the database itself in seconds: for plans and benchmarks.

Two years of ended runs, each at its own moment, and what hangs on them, spread over all tenants; then the runs that are
active now, of which the last SPECIAL are one of each sort that the scheduler looks for.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from actors.plans import option_choices
from db.backups import manifests
from db.clock import utcnow
from db.database import database, is_sqlite
from db.encryption import keyring
from db.models import TABLES
from db.schema import row_ids

TWO_YEARS = timedelta(days=730)
SPECIAL = 28
# The last runs, by the remainder of their numbers.
SPECIAL_SORTS = (
    "never sent", "its message lost", "its wait over", "its worker dead", "cancelled", "without parts", "stalled",
)  # fmt: skip
# A tenant that lets go of old backup sets, and has some.
PRUNED = 201
# Its notifications are of every run; the other is in half of the tenants.
ADMIN, OPERATOR = 1, 2


@dataclass(frozen=True)
class Size:
    tenants: int
    runs: int
    active: int
    # Policies, snapshots, contents, manifests, names and what else a tenant has.
    policies: int
    backup_sets: int
    restores: int
    restore_items: int
    # Schedules whose time has come, and plans that are too old.
    due: int = 5

    @property
    def most(self) -> int:
        return max(asdict(self).values())


def fill(size: Size, password_hash: str | None = None) -> None:
    """Into an empty database."""
    now = utcnow()
    seconds = TWO_YEARS.total_seconds() / size.most
    values = {
        **asdict(size),
        "most": size.most,
        "ended": size.runs - size.active,
        "special": size.runs - SPECIAL,
        "at": _after(now - TWO_YEARS, f"n * {seconds}"),
        "lately": _after(now, "-(n % 30000)"),
        "now": _after(now, "0"),
        "hour_ago": _after(now, "-3600"),
        "expiring": _after(now, "n * 7919 % 8760 * 3600"),
        "far_off": _after(now, "86400000"),
        "packed": _bytes(manifests.pack([1, 2, 3])),
        "options": json.dumps(option_choices.parse_options({"assignments": "none"}, own_tenant=True)),
        "sealed": _bytes(keyring().seal(b"x", "nobody")),
        "hash": f"'{password_hash}'" if password_hash else "NULL",
    }
    for statement in _STATEMENTS:
        sql = statement.format(**values)
        # psycopg2 takes a single % for the beginning of a parameter.
        database.execute_sql(sql if is_sqlite() else sql.replace("%", "%%"))
    # As at work: autovacuum looks after PostgreSQL, and SQLite plans without statistics, for nobody asks for any.
    if not is_sqlite():
        for model in row_ids.auto_numbered(TABLES):
            row_ids.continue_after(model, 0)
        database.execute_sql("VACUUM (ANALYZE)")


def _after(begin: datetime, seconds: str) -> str:
    """Return SQL for a time so many seconds later."""
    text = f"{begin:%Y-%m-%d %H:%M:%S}"
    if is_sqlite():
        return f"datetime('{text}', ({seconds}) || ' seconds')"
    return f"(timestamp '{text}' + ({seconds}) * interval '1 second')"


def _bytes(value: bytes) -> str:
    return f"x'{value.hex()}'" if is_sqlite() else f"'\\x{value.hex()}'::bytea"


_NUMBERS = """CREATE TEMPORARY TABLE numbers AS
WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {most})
SELECT n, {at} AS at, {lately} AS lately, 1 + n % {tenants} AS tenant, 1 + n % {policies} AS policy,
1 + (1 + n % {policies}) % {tenants} AS policys_tenant, 1 + n % 20 AS person, n % 10007 * 7919 % 10007 % 100 AS percent
FROM counted"""

_USERS = """INSERT INTO users (id, email, name, password_hash, site_role, is_active, created_at)
SELECT n, 'person' || n || '@many.example', 'Person ' || n, {hash}, CASE WHEN n = 1 THEN 'admin' ELSE 'none' END,
TRUE, at FROM numbers WHERE n <= 20"""

# One in two hundred lets go of old sets; the last is being removed.
_TENANT = """INSERT INTO tenant (id, name, directory_id, client_id, cloud, credential_kind, is_active, created_at,
last_synced_at, full_every_days, four_eyes, last_backup_id, last_backup_at, connected_at, connection_error, retention,
removing_since, removal_due_at)
SELECT n, 'Tenant ' || n, substr(CAST(100000000 + n AS VARCHAR), 2) || '-1111-4111-8111-111111111111',
'22222222-2222-4222-8222-222222222222', 'global', 'none', n < {tenants}, at, lately, 7, n % 10 = 3, n,
CASE WHEN n % 31 = 0 THEN NULL ELSE lately END, lately,
CASE WHEN n % 50 = 0 THEN 'The client secret has expired.' END,
CASE WHEN n % 200 = 1 THEN '{{"last": 1}}' END, CASE WHEN n = {tenants} THEN {now} END,
CASE WHEN n % 500 = 2 THEN {far_off} END
FROM numbers WHERE n <= {tenants}"""

_MEMBERSHIP = """INSERT INTO membership (user_id, tenant_id, role, is_subscribed, is_from_entra)
SELECT 2, n, 'manager', TRUE, FALSE FROM numbers WHERE n <= {tenants} AND n % 2 = 1"""

_SESSION = """INSERT INTO session (user_id, token_mark, began_at, seen_at, browser, way)
SELECT person, 'mark ' || n, at, at, 'Firefox', 'password' FROM numbers WHERE n <= {policies}"""

_POLICY = """INSERT INTO policy (id, tenant_id, policy_type, graph_id, name, is_built_in, state, modified_at,
first_seen_at, last_seen_at, last_captured_at, snapshot_count, index_version)
SELECT n + 1, 1 + (1 + n) % {tenants}, CASE WHEN n % 3 = 0 THEN 'deviceConfigurations' ELSE 'configurationPolicies' END,
'graph ' || n, 'WIN - BitLocker - Ring ' || n, FALSE, CASE WHEN percent < 2 THEN 'gone' ELSE 'present' END, at, at,
lately, CASE WHEN percent = 50 THEN NULL WHEN percent = 60 THEN at ELSE lately END, 1,
CASE WHEN n % 997 = 5 THEN NULL ELSE 1 END
FROM numbers WHERE n < {policies} UNION ALL
SELECT 1, 2, 'configurationPolicies', 'graph', 'First', FALSE, 'present', {now}, {now}, {now}, {now}, 1, 1"""

_KNOWN_SETTING = """INSERT INTO known_setting (id, key, title, folded)
SELECT n, 'device_setting_' || n, 'Allow Setting ' || n, 'allow setting ' || n || ' device_setting_' || n
FROM numbers WHERE n <= 500"""

_POLICY_SETTING = """INSERT INTO policy_setting (tenant_id, policy_id, setting_id, mark, value, may_conflict)
SELECT policys_tenant, policy, 1 + n % 491, CASE WHEN percent < 50 THEN 'a' ELSE 'b' END, '~1', percent < 90
FROM numbers WHERE n <= {policies}"""

_COVERAGE = """INSERT INTO coverage (tenant_id, policy_type, offer, asked_at, good_at, bad_since, why)
SELECT n, word, 'offered', lately, lately, CASE WHEN percent = 7 THEN at END, CASE WHEN percent = 7 THEN 'Refused.' END
FROM numbers CROSS JOIN (SELECT 'a' AS word UNION ALL SELECT 'b' UNION ALL SELECT 'c' UNION ALL SELECT 'd') AS words
WHERE n <= {tenants}"""

# Of ended ones every third was begun by a schedule, and so by nobody; every twenty-first is a part of the one before.
_ENDED = """INSERT INTO run (id, tenant_id, kind, dedupe_key, policy_id, state, requested_by_id, origin, attempts,
enqueued_at, created_at, started_at, ended_at, total, done, skipped, failed, uncertain, parts_begun, parent_id, part,
retry_of_id, restore_id)
SELECT n, policys_tenant, CASE WHEN n % 21 = 7 THEN 'backup_set.part' WHEN n % 1009 = 0 THEN 'restore.live'
WHEN n % 7 < 4 THEN 'policy.capture_snapshot' ELSE 'backup_set.capture' END, 'key ' || n, policy,
CASE WHEN percent < 2 THEN 'failed' WHEN percent = 2 THEN 'partial' ELSE 'succeeded' END,
CASE WHEN n % 3 = 0 THEN NULL ELSE person END, CASE WHEN n % 3 = 0 THEN 'schedule' ELSE 'web' END, 1,
at, at, at, at, 1, 1, 0, 0, 0, 0, CASE WHEN n % 21 = 7 THEN n - 1 END, CASE WHEN n % 21 = 7 THEN 1 END,
CASE WHEN n % 100 = 9 THEN n - 1 END, CASE WHEN n % 1009 = 0 THEN 1 + n % {restores} END
FROM numbers WHERE n <= {ended}"""

# Of each run that ended, and of its part, one.
_STINT = """INSERT INTO stint (run_id, part, queued_at, began_at, ended_at, wait_seconds, times)
SELECT n, CASE WHEN n % 21 = 7 THEN 1 END, at, at, at, 0, 1 FROM numbers WHERE n <= {ended}"""

# One in a hundred is held by a worker that beats, a tenth waits for Graph, and the rest is in the queue.
_ACTIVE = """INSERT INTO run (id, tenant_id, kind, dedupe_key, policy_id, state, waiting, requested_by_id, origin,
claimed_by, heartbeat_at, attempts, enqueued_at, created_at, started_at, resume_at, total, done, skipped, failed,
uncertain, parts_begun)
SELECT n, policys_tenant, 'policy.capture_snapshot', 'key ' || n, policy,
CASE WHEN sort = 'queued' THEN 'queued' ELSE 'running' END,
CASE WHEN sort = 'waiting' THEN 'Graph asks us to wait.' END,
CASE WHEN n % 3 = 0 THEN NULL ELSE person END, 'web', CASE WHEN sort = 'held' THEN 'token ' || n END,
CASE WHEN sort = 'held' THEN {now} END, 0, {far_off}, {now}, CASE WHEN sort <> 'queued' THEN {now} END,
CASE WHEN sort = 'waiting' THEN {far_off} END, 1, 0, 0, 0, 0, 0
FROM (SELECT numbers.*, CASE WHEN n % 100 = 0 THEN 'held' WHEN n % 10 = 1 THEN 'waiting' ELSE 'queued' END AS sort
FROM numbers) AS sorted WHERE n > {ended} AND n <= {special}"""

# As SPECIAL_SORTS names them.
_SPECIAL = """INSERT INTO run (id, tenant_id, kind, dedupe_key, policy_id, state, waiting, origin, claimed_by,
heartbeat_at, attempts, enqueued_at, created_at, started_at, resume_at, cancel_requested_at, total, done, skipped,
failed, uncertain, parts, parts_begun)
SELECT n, policys_tenant, CASE WHEN sort = 5 THEN 'backup_set.capture' ELSE 'policy.capture_snapshot' END, 'key ' || n,
policy, CASE WHEN sort < 2 THEN 'queued' ELSE 'running' END, CASE WHEN sort IN (2, 6) THEN 'Graph asks us to wait.' END,
'web', CASE WHEN sort = 3 THEN 'token ' || n END, CASE WHEN sort = 3 THEN {hour_ago} END, 0,
CASE WHEN sort > 0 THEN {hour_ago} END, {hour_ago}, CASE WHEN sort > 1 THEN {hour_ago} END,
CASE WHEN sort = 2 THEN {hour_ago} WHEN sort = 6 THEN {far_off} END, CASE WHEN sort = 4 THEN {hour_ago} END,
1, 0, 0, 0, 0, CASE WHEN sort = 5 THEN 1 END, CASE WHEN sort = 5 THEN 1 ELSE 0 END
FROM (SELECT numbers.*, n % 7 AS sort FROM numbers) AS sorted WHERE n > {special} AND n <= {runs}"""

_CONTENT = """INSERT INTO content (id, tenant_id, fingerprint, sealed, plain_bytes, created_at)
SELECT n, policys_tenant, 'fingerprint ' || n, {sealed}, 1, at FROM numbers WHERE n <= {policies}"""

_SNAPSHOT = """INSERT INTO snapshot (id, tenant_id, policy_id, content_id, run_id, captured_by_id, captured_at,
confirmed_at, name, modified_at, proof, "references")
SELECT n, policys_tenant, policy, n, CASE WHEN n <= {ended} THEN n END, person, at, at, 'BitLocker', at, '{{}}', '{{}}'
FROM numbers WHERE n <= {policies}"""

# The items of the oldest and of the newest runs: those in between are forgotten.
_RUN_ITEM = """INSERT INTO run_item (run_id, policy_id, policy_type, graph_id, name, state, outcome, snapshot_id, part,
tries, restore_item_id)
SELECT n, policy, 'configurationPolicies', 'x', 'Settings policy',
CASE WHEN n <= {ended} THEN 'done' ELSE 'pending' END, CASE WHEN n <= {ended} THEN 'unchanged' END,
CASE WHEN n % 3 = 0 AND n <= {policies} THEN n END, 1, 0, CASE WHEN n % 100 = 9 THEN n END
FROM numbers WHERE n <= 600 OR (n > {runs} * 7 / 10 AND n <= {runs})"""

_MANIFEST = """INSERT INTO manifest (id, tenant_id, fingerprint, packed, count)
SELECT n, tenant, 'fingerprint ' || n, {packed}, 3 FROM numbers WHERE n <= {backup_sets}"""

_BACKUP_SET = """INSERT INTO backup_set (id, tenant_id, run_id, state, selection, is_full, created_by_id, created_at,
completed_at, manifest_id, types, problems, pinned_reason, deletion_due_at)
SELECT n, tenant, n, CASE WHEN percent < 2 THEN 'incomplete' WHEN percent < 12 THEN 'complete with warnings'
ELSE 'complete' END, '{{}}', n % 7 = 0, CASE WHEN n % 3 = 0 THEN NULL ELSE person END, at, at, n,
'{{"configurationPolicies": {{"state": "done", "listed": 3, "captured": 3, "message": null}}}}', '[]',
CASE WHEN percent = 40 THEN 'Before the move' END, CASE WHEN percent BETWEEN 60 AND 65 THEN {hour_ago} END
FROM numbers WHERE n <= {backup_sets}"""

_RESTORE = """INSERT INTO restore (id, tenant_id, source_directory_id, source_name, backup_set_id, state, options,
reason, created_by_id, created_at, changed_by_id, previewed_at, ended_at)
SELECT n, tenant, '22222222-2222-4222-8222-222222222222', 'Tenant', 1 + n % {backup_sets},
CASE WHEN n <= {due} THEN 'previewed' WHEN percent < 2 THEN 'draft' WHEN percent < 12 THEN 'expired'
WHEN percent < 20 THEN 'cancelled' ELSE 'finished' END, '{options}', 'Bench', person, at, person, at, at
FROM numbers WHERE n <= {restores}"""

# Of an even number of tenants the last one, which is being removed, has only even contents: nobody else reads them.
_RESTORE_ITEM = """INSERT INTO restore_item (id, restore_id, position, policy_type, graph_id, name, content_id,
snapshot_id, "references", action, target_id, differences, resolutions, live_content_id, safety_snapshot_id)
SELECT n, 1 + n % {restores}, n, 'configurationPolicies', 'graph ' || n, 'BitLocker', odd, odd, '{{}}', 'update',
'graph ' || n, 1, '[]', odd, odd
FROM (SELECT n, 1 + (n - n % 2) % {policies} AS odd FROM numbers) AS those WHERE n <= {restore_items}"""

_WRITE = """INSERT INTO write (run_id, item_id, method, path, request_mark, state, sent_at)
SELECT n, n, 'PATCH', '/deviceManagement', 'mark', 'answered', at
FROM numbers WHERE n <= {restore_items} AND n <= {ended}"""

_LISTING = """INSERT INTO listing (run_id, policy_type, rows, listed_at)
SELECT n, 'configurationPolicies', '[]', {now} FROM numbers WHERE n > {ended} AND n <= {runs}"""

_RUN_ANSWER = """INSERT INTO run_answer (run_id, reading, path_mark, sealed, kept_at)
SELECT n, 'list', 'mark', {sealed}, {now} FROM numbers WHERE n > {ended} AND n <= {runs}"""

_MAPPING = """INSERT INTO mapping (tenant_id, source_directory_id, kind, source_id, target_id, set_at)
SELECT tenant, 'directory ' || n % 500, 'groups', 'source ' || n, 'target ' || n, at
FROM numbers WHERE n <= {policies}"""

_DIRECTORY_NAME = """INSERT INTO directory_name (tenant_id, kind, object_id, name, seen_at)
SELECT tenant, 'groups', 'object ' || n, 'Group ' || n, at FROM numbers WHERE n <= {policies}"""

# A few tenants are due to be asked for Microsoft's words.
_DEFINITION_SOURCE = """INSERT INTO definition_source (tenant_id, due_since, again_at)
SELECT n, CASE WHEN n <= {due} THEN {hour_ago} END, CASE WHEN n % 9 = 0 THEN {far_off} END
FROM numbers WHERE n <= {tenants}"""

_DEFINITION_TEXT = """INSERT INTO definition_text (definition_id, spelling, language, catalogue, state, asked_at,
version, title, description, category_id, unit, is_secret)
SELECT 'setting ' || n, 'setting ' || n, 'en', 'configuration', CASE WHEN percent < 2 THEN 'unknown' ELSE 'known' END,
{now}, '1', 'Setting ' || n, '', 'category ' || percent, '', FALSE
FROM numbers WHERE n <= {policies}"""

# Of each policy three: a group's, the third of them with a filter; one in four is for everyone, and one in fifty is for
# nobody. One group in a hundred was deleted.
_POLICY_TARGET = """INSERT INTO policy_target (tenant_id, policy_id, policy_type, kind, object_id, is_excluded, place,
intent, filter_id, filter_mode, is_gone)
SELECT policys_tenant, policy, CASE WHEN n % 3 = 0 THEN 'deviceConfigurations' ELSE 'configurationPolicies' END,
CASE WHEN place = 2 AND n % 4 = 0 THEN 'all users' WHEN place = 2 AND percent < 2 THEN 'nobody' ELSE 'group' END,
CASE WHEN place = 2 AND (n % 4 = 0 OR percent < 2) THEN '' ELSE 'object ' || (n - n % 40 + place) END, place = 1,
'assignment', CASE WHEN n % 997 = 0 THEN 'uninstall' WHEN n % 5 = 0 THEN 'required' ELSE '' END,
CASE WHEN n % 3 = 0 AND place = 0 THEN 'filter ' || (n % 500) END, 'include', percent = 9 AND place = 0
FROM numbers CROSS JOIN (SELECT 0 AS place UNION ALL SELECT 1 UNION ALL SELECT 2) AS places WHERE n <= {policies}"""

_POLICY_REFERENCE = """INSERT INTO policy_reference (tenant_id, policy_id, kind, object_id)
SELECT policys_tenant, policy, 'groups', 'object ' || n FROM numbers WHERE n <= {policies}"""

# Every second one has run; of those, the last run of some goes on.
_SCHEDULE = """INSERT INTO schedule (tenant_id, cron, time_zone, is_full, is_paused, next_at, last_at, last_run_id,
created_at) SELECT n, '0 2 * * *', 'Europe/Vienna', FALSE, n % 40 = 0,
CASE WHEN n % 40 = 0 THEN NULL WHEN n <= {due} THEN {hour_ago} ELSE {far_off} END, lately,
CASE WHEN n % 2 = 0 THEN {ended} - n END, at FROM numbers WHERE n <= {tenants}"""

# The admin hears of every run, the operator of each that is active. Read, but for one in fifty.
_NOTIFICATION = """INSERT INTO notification (user_id, run_id, created_at, changed_at, read_at)
SELECT users.id, n, at, at, CASE WHEN percent < 2 THEN NULL ELSE at END
FROM numbers JOIN users ON users.id = 1 OR (users.id = 2 AND n > {ended}) WHERE n % 21 <> 7 AND n <= {runs}"""

# Every second one is watched, and of those a few are due.
_WATCH = """INSERT INTO watch (tenant_id, next_at, last_at, fresh_at, failures, since)
SELECT n, CASE WHEN n <= {due} * 4 THEN {hour_ago} ELSE {far_off} END, lately, lately, 0, at
FROM numbers WHERE n <= {tenants} AND n % 2 = 1"""

# Three of each tenant; the last ended, the others end one after the other within a year.
_EXPIRY = """INSERT INTO expiry (tenant_id, kind, object_id, name, expires_at, state, is_well, seen_at)
SELECT n, kind, 'Object ' || n, 'Object ' || n,
CASE WHEN kind = 'vppTokens' THEN at ELSE {expiring} END, 'active', TRUE, lately FROM numbers
CROSS JOIN (SELECT 'applePushNotificationCertificate' AS kind UNION ALL SELECT 'depOnboardingSettings'
UNION ALL SELECT 'vppTokens') AS kinds WHERE n <= {tenants}"""

_EVENT_LOG = """INSERT INTO event_log (tenant_id, log, read_to, reaches_from, asked_at)
SELECT n, word, lately, at, lately FROM numbers CROSS JOIN (SELECT 'intune' AS word UNION ALL SELECT 'entra') AS words
WHERE n <= {tenants}"""

# Of each policy one; those of a few are lately, and were not followed.
_TENANT_EVENT = """INSERT INTO tenant_event (id, tenant_id, log, event_id, at, activity, operation, is_success,
doer_kind, doer_name, object_ids, properties, policy_types, awaits_policy, is_foreign, followed_at)
SELECT n, policys_tenant, 'intune', 'event ' || n, CASE WHEN percent < 5 THEN lately ELSE at END,
'Patch DeviceManagementConfigurationPolicy', 'patch', TRUE, 'person', 'person' || person || '@many.example', '[]', '[]',
'[]', percent = 7, FALSE, CASE WHEN percent < 5 THEN NULL ELSE at END FROM numbers WHERE n <= {policies}"""

_TENANT_EVENT_POLICY = """INSERT INTO tenant_event_policy (event_id, policy_id, at)
SELECT n, policy, CASE WHEN percent < 5 THEN lately ELSE at END FROM numbers WHERE n <= {policies} AND percent <> 7"""

# Old ones whose snapshots went, one in a hundred that is open or accepted, and a few that nobody has assessed.
_CHANGE = """INSERT INTO change (id, tenant_id, policy_id, kind, state, severity, rules, since_at, seen_at, run_id,
before_id, before_mark, after_mark, differences, difference_count, assessed_at, until, restore_id)
SELECT n, policys_tenant, policy, CASE WHEN n % 7 = 2 THEN 'removed' ELSE 'changed' END,
CASE WHEN percent = 1 THEN 'open' WHEN percent = 2 THEN 'accepted' ELSE 'recorded' END,
CASE WHEN n % 5 = 2 THEN 'high' ELSE 'medium' END, '["settings"]', at,
CASE WHEN percent < 5 THEN lately ELSE at END, n, CASE WHEN percent < 50 THEN n END, 'a', 'b', '[]', 1,
CASE WHEN n % 1009 = 3 THEN NULL ELSE at END, CASE WHEN percent = 2 THEN {hour_ago} END, CASE WHEN n % 3 = 2 THEN n END
FROM numbers WHERE n <= {policies}"""

_APPROVED_POLICY = """INSERT INTO approved_policy (tenant_id, policy_id, snapshot_id, mark, approved_at)
SELECT policys_tenant, policy, n, 'mark', at FROM numbers WHERE n <= {policies} AND percent BETWEEN 1 AND 20"""

_ACCEPTANCE = """INSERT INTO acceptance (policy_id, mark, reason, until, accepted_at)
SELECT policy, 'mark', 'Until the move', {hour_ago}, at FROM numbers WHERE n <= {policies} AND percent = 2"""

# Two of the installation, each with a rule; of what happened all but one in fifty is told, and a few wait for a digest.
_CHANNEL = """INSERT INTO channel (id, name, kind, sealed, shown, allows_private, is_active, created_at)
SELECT n, 'Channel ' || n, 'webhook', {sealed}, 'hooks.example/…', FALSE, TRUE, at FROM numbers WHERE n <= 2"""

_NOTICE_RULE = """INSERT INTO notice_rule (id, channel_id, events, min_severity, hours, pace, daily_at, time_zone,
breaks_quiet, is_active) SELECT n, n, '["change", "run_failed", "no_good_backup"]', 'low', 26, 'at_once', '07:30',
'UTC', TRUE, TRUE FROM numbers WHERE n <= 2"""

_OCCURRENCE = """INSERT INTO occurrence (id, key, event, tenant_id, severity, change_id, began_at, ended_at, facts,
told_at, end_told_at) SELECT n, 'change:' || n, 'change', policys_tenant, 'high', n, at, at, '{{}}',
CASE WHEN percent < 2 THEN NULL ELSE at END, at FROM numbers WHERE n <= {policies}"""

_DELIVERY = """INSERT INTO delivery (id, channel_id, message_id, state, is_test, created_at, next_at, attempts, sent_at)
SELECT n, 1 + n % 2, 'message ' || n, CASE WHEN percent < 2 THEN 'waiting' ELSE 'sent' END, FALSE, at, {hour_ago}, 1,
CASE WHEN percent < 2 THEN NULL ELSE at END FROM numbers WHERE n <= {policies}"""

_NOTICE = """INSERT INTO notice (channel_id, rule_id, occurrence_id, phase, due_at, delivery_id)
SELECT 1 + n % 2, 1 + n % 2, n, 'began', at, CASE WHEN n % 499 = 3 THEN NULL ELSE n END
FROM numbers WHERE n <= {policies} AND percent >= 2"""

# Two stores, which nobody looks after: the first has every set but the newest, and one that failed in a hundred.
_COPY_STORE = """INSERT INTO copy_store (id, name, address, sealed, recipients, is_active, copy_days, needs_lock,
created_at, lock_state, checked_at, turn, tend_at, is_check_asked, is_verify_asked)
SELECT n, 'Store ' || n, 'file:///nowhere/' || n, {sealed}, '[]', TRUE, 90, FALSE, at, 'missing', {now}, 1, {far_off},
FALSE, FALSE FROM numbers WHERE n <= 2"""

_COPIED_SET = """INSERT INTO copied_set (id, store_id, backup_set_id, tenant_id, directory_id, tenant_name, set_number,
state, set_at, run_id, try_at, copied_at, kept_until, contents, pushed_contents, pushed_bytes)
SELECT n, 1 + n % 2, n, tenant, 'directory ' || tenant, 'Tenant', n,
CASE WHEN n > {backup_sets} - 10 THEN 'waiting' WHEN percent = 1 THEN 'failed' ELSE 'complete' END, at, n,
CASE WHEN n > {backup_sets} - 10 OR percent = 1 THEN {far_off} END, at,
CASE WHEN percent < 5 THEN {hour_ago} ELSE {far_off} END, 3, 3, 1
FROM numbers WHERE n <= {backup_sets}"""

_COPIED_CONTENT = """INSERT INTO copied_content (id, store_id, directory_id, name, sha256, checksum, plain_bytes,
stored_bytes, kept_until, is_going)
SELECT n, 1 + n % 2, 'directory ' || policys_tenant, 'content ' || n, 'a', 'b', 1, 1,
CASE WHEN percent < 5 THEN {hour_ago} ELSE {far_off} END, percent = 1 FROM numbers WHERE n <= {policies}"""

# Of each tenant several over two years; the last ones left something in their lab, and a few are due to remove it.
_REHEARSAL = """INSERT INTO rehearsal (id, tenant_id, run_id, state, created_at, ended_at, contents_checked, checked_to,
lab_id, lab_restore_id, removal_due_at, removal_run_id, removal_tries, findings)
SELECT n, tenant, n, CASE WHEN percent < 50 THEN 'passed' ELSE 'findings' END, at, at, 3, 3, 1, n,
CASE WHEN n <= {due} THEN {far_off} END, CASE WHEN percent = 3 THEN n END, 0, 1 FROM numbers WHERE n <= {restores}"""

_REHEARSAL_RULES = """INSERT INTO rehearsal_rules (tenant_id, is_lab, lab_id)
SELECT n, n % 100 = 1, CASE WHEN n % 100 = 1 THEN NULL ELSE n - (n - 1) % 100 END FROM numbers WHERE n <= {tenants}"""

_REHEARSAL_FINDING = """INSERT INTO rehearsal_finding (rehearsal_id, step, is_failure, code, message)
SELECT 1 + n % {restores}, 'contents', percent < 50, 'missing', 'It is missing.' FROM numbers WHERE n <= {policies}"""

_REHEARSAL_SAMPLE = """INSERT INTO rehearsal_sample (rehearsal_id, policy_type, graph_id, name, lab_object_id,
is_removed)
SELECT 1 + n % {restores}, 'configurationPolicies', 'graph ' || n, 'BitLocker', 'lab ' || n, percent < 98
FROM numbers WHERE n <= {policies}"""

# Of each tenant one a quarter; a few tenants have a newer backup.
_READINESS_REPORT = """INSERT INTO readiness_report (id, tenant_id, run_id, made_at, share, counts, reasons, seconds)
SELECT n, tenant, CASE WHEN n <= {ended} THEN n END, at, percent / 100.0, '{{"by_itself": 3}}', '{{"secret": 1}}', 9
FROM numbers WHERE n <= {policies}"""

_TENANT_READINESS = """INSERT INTO tenant_readiness (tenant_id, report_id, due_since, again_at)
SELECT n, CASE WHEN n % 31 = 0 THEN NULL ELSE n - 1 END, CASE WHEN n <= {due} THEN {hour_ago} END,
CASE WHEN n % 9 = 0 THEN {far_off} END FROM numbers WHERE n <= {tenants} AND n > 1"""

_READINESS_ITEM = """INSERT INTO readiness_item (tenant_id, policy_id, policy_type, name, verdict, reason, why)
SELECT tenant_id, id, policy_type, name, CASE WHEN id % 9 = 0 THEN 'by_hand' ELSE 'by_itself' END,
CASE WHEN id % 9 = 0 THEN 'secret' ELSE '' END, '' FROM policy"""

# Ten standards that every tenant follows, each of a few items; the last ones are to be compared again.
_STANDARD = """INSERT INTO standard (id, name, uid, description, created_at, soak_days, look_days,
stop_percent, at_once) SELECT n, 'Standard ' || n, 'uid ' || n, '', at, 7, 7, 20, 3 FROM numbers WHERE n <= 10"""

_STANDARD_VERSION = """INSERT INTO standard_version (id, standard_id, number, notes, source, source_name,
with_assignments, parameters, item_count, made_at)
SELECT n, n, 1, '', 'tenant', '', TRUE, '[]', 100, at FROM numbers WHERE n <= 10"""

_STANDARD_CONTENT = """INSERT INTO standard_content (id, standard_id, fingerprint, sealed, plain_bytes, created_at)
SELECT n, 1 + n % 10, 'standard ' || n, {sealed}, 1, at FROM numbers WHERE n <= {policies}"""

_STANDARD_ITEM = """INSERT INTO standard_item (version_id, position, key, policy_type, name, content_id, "references")
SELECT 1 + n % 10, n, 'key ' || n, 'configurationPolicies', 'BitLocker', n, '{{}}' FROM numbers WHERE n <= {policies}"""

_STANDARD_ADOPTION = """INSERT INTO standard_adoption (id, standard_id, tenant_id, ring, version_id, "values",
adopted_at, counts, due_since, put_backs_a_day)
SELECT n, 1 + n % 10, n, CASE WHEN n % 100 = 1 THEN 'pilot' ELSE 'all' END, 1 + n % 10, '{{}}', at, '{{"aligned": 3}}',
CASE WHEN n <= {due} THEN {hour_ago} END, 5 FROM numbers WHERE n <= {tenants}"""

_STANDARD_EXCEPTION = """INSERT INTO standard_exception (id, standard_id, tenant_id, item_key, kind, paths, reason,
until, asked_at, approved_at, ended_at)
SELECT n, 1 + n % 10, tenant, 'key ' || n, 'leave_out', '[]', 'It is old.',
CASE WHEN percent < 2 THEN {hour_ago} ELSE {far_off} END, at, at, CASE WHEN percent < 60 THEN at END
FROM numbers WHERE n <= {restores}"""

_STANDARD_CELL = """INSERT INTO standard_cell (adoption_id, item_key, policy_type, name, state, policy_id,
difference_count, why, since_at, keep)
SELECT 1 + n % {tenants}, 'key ' || n, 'configurationPolicies', 'BitLocker',
CASE WHEN percent < 5 THEN 'differs' ELSE 'aligned' END, n, 0, '', at, 'tell' FROM numbers WHERE n <= {policies}"""

_ROLL_OUT = """INSERT INTO roll_out (id, standard_id, version_id, ring, kind, state, reason, stop_percent, at_once,
asked_at, message, acted_at)
SELECT n, 1 + n % 10, 1 + n % 10, 'all', 'roll_out', CASE WHEN n <= {due} THEN 'running' ELSE 'finished' END, '', 20,
3, at, '', at FROM numbers WHERE n <= {restores}"""

_ROLL_OUT_TENANT = """INSERT INTO roll_out_tenant (rollout_id, tenant_id, state, restore_id, counts, conflicts, message,
changed_at)
SELECT n, tenant, 'done', n, '{{}}', '[]', '', at FROM numbers WHERE n <= {restores}"""

# After those that were written already. The chain does not hold.
_AUDIT_EVENT = """INSERT INTO audit_event (id, at, action, actor_id, actor, tenant_id, tenant_name, subject, result,
address, details, previous_hash, hash)
SELECT n + last_id, at, CASE WHEN n % 9 = 2 THEN 'tenant:changed' ELSE 'run:ended' END, person,
'person' || person || '@many.example', CASE WHEN n % 5 = 2 THEN 1 ELSE tenant END, 'Tenant', 'run ' || n,
CASE WHEN percent < 2 THEN 'failed' ELSE 'ok' END, '192.0.2.1', '{{}}', hash, hash
FROM numbers CROSS JOIN audit_head WHERE n <= {policies}"""

_AUDIT_HEAD = "UPDATE audit_head SET last_id = (SELECT MAX(id) FROM audit_event)"

_STATEMENTS = (
    _NUMBERS, _USERS, _TENANT, _MEMBERSHIP, _SESSION, _POLICY, _KNOWN_SETTING,
    _POLICY_SETTING, _COVERAGE, _ENDED, _STINT, _ACTIVE, _SPECIAL, _CONTENT,
    _SNAPSHOT, _RUN_ITEM, _MANIFEST, _BACKUP_SET, _RESTORE, _RESTORE_ITEM, _WRITE, _LISTING, _RUN_ANSWER, _MAPPING,
    _DIRECTORY_NAME, _POLICY_TARGET, _POLICY_REFERENCE, _DEFINITION_SOURCE, _DEFINITION_TEXT,
    _SCHEDULE, _NOTIFICATION, _WATCH, _EXPIRY, _EVENT_LOG, _TENANT_EVENT, _TENANT_EVENT_POLICY,
    _CHANGE, _APPROVED_POLICY, _ACCEPTANCE, _CHANNEL, _NOTICE_RULE, _OCCURRENCE, _DELIVERY, _NOTICE, _COPY_STORE,
    _COPIED_SET, _COPIED_CONTENT, _REHEARSAL, _REHEARSAL_RULES, _REHEARSAL_FINDING, _REHEARSAL_SAMPLE,
    _READINESS_REPORT, _TENANT_READINESS, _READINESS_ITEM, _STANDARD, _STANDARD_VERSION, _STANDARD_CONTENT,
    _STANDARD_ITEM, _STANDARD_ADOPTION, _STANDARD_EXCEPTION, _STANDARD_CELL, _ROLL_OUT, _ROLL_OUT_TENANT,
    _AUDIT_EVENT, _AUDIT_HEAD,
    "DROP TABLE numbers",
)  # fmt: skip
