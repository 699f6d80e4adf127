"""The catalogue of Microsoft's words: one for the installation, filled with what the tenants' policies meet.

May import: db.sql.
"""
