"""Documents made for people: their sealed files, the policies they are of, and whose name stands on them.

May import: db.audit, db.runs, db.sql.
"""
