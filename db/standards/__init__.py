"""Standards: what is the same in many tenants, who follows it, how each tenant stands, and roll-outs.

May import: db.audit, db.changes, db.notices, db.policies, db.restores, db.sql, db.tenants.
"""
