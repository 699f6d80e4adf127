"""Changes of policies, and what was decided about them: approved states, acceptances.

May import: db.audit, db.notices, db.sql.
"""
