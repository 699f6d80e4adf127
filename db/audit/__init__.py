"""The audit log: append-only events in a keyed hash chain, checked daily and exported with proof.

May import: db.schema, db.sql.
"""
