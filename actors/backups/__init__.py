"""Sync, capture and backup of a tenant, by hand and on schedule.

May import: actors.changes, actors.events, actors.queue, actors.reading, actors.tenants.
"""
