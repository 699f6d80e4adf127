"""Deleting what is no longer kept: daily pruning, old rows, tenants switched off or removed, and their copies.

May import: db.accounts, db.audit, db.backups, db.changes, db.copies, db.notices, db.policies, db.restores, db.runs,
db.sql, db.tenants.
"""
