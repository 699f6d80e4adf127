"""Runs: their states and items, child runs, progress, ends, and what they read.

May import: db.accounts, db.audit, db.backups, db.definitions, db.notices, db.rehearsals, db.restores, db.sql,
db.standards, db.tenants, db.waits.
"""
