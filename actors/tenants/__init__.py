"""A tenant's Graph client, request budget and credential, and the check of its connection.

May import: actors.process, actors.queue.
"""
