"""The installation as a whole: its processes, keys, export and import.

May import: db.accounts, db.assignments, db.audit, db.backups, db.copies, db.documents, db.events, db.notices,
db.policies, db.runs, db.schema, db.sql, db.standards, db.tenants.
"""
