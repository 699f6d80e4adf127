"""People: passwords, second factors, passkeys, sessions, roles and what Entra ID grants.

May import: db.audit, db.sql.
"""
