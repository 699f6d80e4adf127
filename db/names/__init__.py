"""Names of runs, restores, backup sets and snapshots: what each of them is, in words.

May import: db.sql, db.policies, db.schema.
"""
