"""Rehearsals of restores: what each did and found, and which labs tenants agreed to.

May import: db.audit, db.sql.
"""
