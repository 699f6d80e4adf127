"""Readiness of tenants: their reports, and what the newest one says of each policy.

May import: db.notices, db.sql.
"""
