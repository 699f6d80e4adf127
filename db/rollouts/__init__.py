"""Roll-outs of standards: what was asked for and confirmed, and what becomes of each tenant of a ring.

May import: db.audit, db.restores, db.sql.
"""
