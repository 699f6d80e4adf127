"""What goes: pruned days, old rows, tenants switched off or removed.

May import: db.audit, db.backups, db.policies, db.restores, db.runs, db.sql.
"""
