"""Tables and the verbs on them, one file per noun. Times are naive UTC throughout.

PostgreSQL's TIMESTAMP drops the zone and SQLite keeps it, so a zone in the database would mean two behaviours.
"""
