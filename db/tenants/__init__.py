"""Tenants: their credentials, schedules, coverage and backup health.

May import: db.audit, db.notices, db.sql.
"""
