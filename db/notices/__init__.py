"""Channels, what is told by them, and how it went.

May import: db.audit, db.sql.
"""
