"""Rehearsals: a backup, every content opened, a full restore planned, a sample restored into a lab and removed again.

May import: actors.backups, actors.documents, actors.facade, actors.plans, actors.queue, actors.reading,
actors.restores, actors.tenants.
"""
