"""Everything that joins the database and Graph: actors, broker, scheduler.

A message carries a run's id and nothing else. What guarantees that a run ends is the database and the scheduler;
Dramatiq and Redis only make it quick (see db/runs/runs.py and actors/scheduler.py).
"""
