"""Backup sets: what each lists, how long it is kept, and who was given its contents.

May import: db.audit, db.changes, db.copies, db.names, db.readiness, db.restores, db.sql, db.tenants.
"""
