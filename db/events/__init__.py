"""The events of the tenants' own audit logs, who changed what by them, and the tenants that are watched.

May import: db.audit, db.notices, db.sql.
"""
