"""Channels, what is told by them, and how it went.

May import: db.accounts, db.audit, db.copies, db.sql.
"""
