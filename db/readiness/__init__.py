"""How much of a tenant would come back: its reports, and what the newest one says of each policy.

May import: db.notices, db.sql.
"""
