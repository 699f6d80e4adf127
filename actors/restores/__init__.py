"""Live restores, which carry out a plan: batches, outcomes, the safety backup, the log of writes.

May import: actors.changes, actors.plans, actors.queue, actors.reading, actors.tenants.
"""
