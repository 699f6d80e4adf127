"""Copies of backup sets outside the installation: stores, what is in each, and the key that signs it.

May import: db.audit, db.sql.
"""
