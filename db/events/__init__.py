"""Events of the tenants' own audit logs, and the tenants that are watched by them.

May import: db.audit, db.sql.
"""
