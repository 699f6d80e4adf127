"""Deleting what is no longer kept: daily pruning, old rows, tenants switched off or removed.

May import: db.accounts, db.audit, db.backups, db.changes, db.notices, db.policies, db.restores, db.runs, db.sql,
db.tenants.
"""
