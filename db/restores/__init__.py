"""Restores: drafts, plans, approvals and their fingerprint, mappings, retries.

May import: db.audit, db.policies, db.sql, db.tenants.
"""
