"""Connecting new tenants: asking for consent, the run that makes sure of a directory, importing a list of tenants.

May import: actors.backups, actors.queue, actors.tenants.
"""
