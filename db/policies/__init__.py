"""Policies as the last sync saw them, their snapshots, and finding them.

May import: db.definitions, db.sql.
"""
