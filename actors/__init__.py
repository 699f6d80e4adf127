"""Everything that joins the database and Graph: actors, broker, scheduler.

A message carries a run's id and nothing else. The database and the scheduler guarantee that a run ends; Dramatiq and
Redis only make it quick (see db/runs/runs.py and actors/recovery).
"""
