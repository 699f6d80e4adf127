"""Runs: their states and items, child runs, progress, ends, and what they read.

May import: db.audit, db.backups, db.notices, db.restores, db.sql, db.tenants.
"""
