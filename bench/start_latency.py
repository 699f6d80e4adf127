"""Times until a press of “Capture snapshot” is answered, with many runs present."""

from collections.abc import Callable

from bench import stage
from db.database import database, is_sqlite

PRESSES = 400
RUNS = (10_000, 1_000_000)


def main() -> None:
    print("| engine | runs present | start: median | p95 | found running: median | p95 |", flush=True)
    print("|---|---|---|---|---|---|")
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.install(url, policies=PRESSES * len(RUNS))
            for step, count in enumerate(RUNS):
                fill(count)
                policies = range(step * PRESSES + 1, (step + 1) * PRESSES + 1)
                with stage.web() as session:
                    cells = [*stage.timed(_press(session), policies), *stage.timed(_press(session), policies)]
                print(f"| {engine} | {count:,} | " + " | ".join(f"{ms:.1f} ms" for ms in cells) + " |", flush=True)


# A second between one run and the next.
_SQLITE_MOMENT = "datetime('2026-01-01', n || ' seconds')"
_POSTGRESQL_MOMENT = "timestamp '2026-01-01' + n * interval '1 second'"
_FILL = (
    "CREATE TEMPORARY TABLE numbers AS WITH RECURSIVE counted(n) AS "
    "(SELECT 1 + COALESCE(MAX(id), 0) FROM run UNION ALL SELECT n + 1 FROM counted WHERE n < {count}) "
    "SELECT n FROM counted",
    """INSERT INTO run (id, tenant_id, kind, dedupe_key, policy_id, state, requested_by_id, origin, attempts,
    enqueued_at, created_at, started_at, ended_at, total, done, skipped, failed, uncertain)
    SELECT n, 1, 'policy.capture_snapshot', 'policy.capture_snapshot:1:' || n, 1 + n - n / 400 * 400,
    CASE WHEN n = n / 50 * 50 THEN 'failed' ELSE 'succeeded' END, 1, 'web', 1,
    {moment}, {moment}, {moment}, {moment}, 1, 1, 0, 0, 0 FROM numbers""",
    """INSERT INTO run_item (run_id, policy_id, policy_type, graph_id, name, state, outcome)
    SELECT n, 1 + n - n / 400 * 400, 'configurationPolicies', 'x', 'Settings policy', 'done', 'unchanged'
    FROM numbers""",
    """INSERT INTO notification (user_id, run_id, created_at, changed_at, read_at)
    SELECT 1, n, {moment}, {moment}, {moment} FROM numbers""",
    "DROP TABLE numbers",
)


def fill(count: int) -> None:
    """Ended runs up to `count`, each with an item and a notification, as years of use leave them."""
    with database.connection_context():
        moment = _SQLITE_MOMENT if is_sqlite() else _POSTGRESQL_MOMENT
        with database.atomic():
            for statement in _FILL:
                database.execute_sql(statement.format(count=count, moment=moment))
        if not is_sqlite():
            database.execute_sql("SELECT setval('run_id_seq', (SELECT MAX(id) FROM run))")
        database.execute_sql("ANALYZE")


def _press(session) -> Callable[[int], None]:
    def press(policy: int) -> None:
        answer = session.post(
            f"{stage.WEB}/policies/{policy}/capture-snapshot", headers={"Accept": "application/json"}, timeout=10
        )
        assert answer.status_code == 202, answer.text

    return press


if __name__ == "__main__":
    main()
