"""Sign-in of people with Entra ID, and asking again whether a role still holds.

May import: actors.process, actors.queue.
"""
