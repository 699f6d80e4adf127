"""Recovery when a worker dies: runs that were lost, writes without an answer, setbacks of the scheduler.

May import: db.runs, db.sql, db.waits.
"""
