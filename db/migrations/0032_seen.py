"""Versions of processes, the request and the trace that a run is of, and an index of what expires soon."""

from db.schema.online_changes import add_column, create_index

atomic = False


def up(migrator, db):
    add_column(db, "heartbeat", "version", "VARCHAR(40)")
    add_column(db, "run", "asked_in", "VARCHAR(64)")
    add_column(db, "run", "trace", "VARCHAR(55)")
    create_index(db, "expiry_ends", "expiry (expires_at) WHERE expires_at IS NOT NULL")
