"""Which backup set a retry completes, whether a tenant has no accounts for emergencies, what ended runs lacked."""

from db.schema.online_changes import add_column, change

atomic = False

# Runs at a time.
SOME = 5000
# Nothing failed in these runs, and yet something that was asked for was not done: the first such item says what.
LACKS = """
UPDATE run SET error_code = (SELECT COALESCE(item.reason, 'lacking') FROM run_item item WHERE item.id = {first}),
    error_message = (SELECT item.message FROM run_item item WHERE item.id = {first})
WHERE id >= {begin} AND id < {end} AND state = 'succeeded' AND error_code IS NULL AND {first} IS NOT NULL
"""
FIRST = """(SELECT MIN(lacking.id) FROM run_item lacking WHERE lacking.run_id = run.id AND (
    lacking.outcome IN ('forbidden', 'blocked', 'left_out')
    OR (lacking.outcome = 'not_available' AND run.kind = 'backup_set.capture')
    OR (lacking.outcome = 'gone' AND run.kind = 'policy.capture_snapshot')
    OR (lacking.reason = 'differs' AND run.kind = 'restore.live')))"""


def up(migrator, db):
    add_column(db, "run", "backup_set_id", "BIGINT")
    add_column(db, "tenant", "has_no_break_glass", "BOOLEAN NOT NULL DEFAULT FALSE")
    newest = db.execute_sql("SELECT COALESCE(MAX(id), 0) FROM run").fetchone()[0]
    for begin in range(0, newest + 1, SOME):
        change(db, LACKS.format(first=FIRST, begin=begin, end=begin + SOME))
