"""Sign-in with Entra ID, and asking again whether a role still holds.

May import: actors.process, actors.queue.
"""
