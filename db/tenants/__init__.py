"""Tenants: their credentials, schedules, coverage and backup health.

May import: db.accounts, db.audit, db.notices, db.sql.
"""
