"""Imports: policies of other tools, as a run read them, until somebody removes them.

May import: db.audit, db.policies, db.sql.
"""
