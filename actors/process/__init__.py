"""What every process does: logging, starting up, stopping in order.

May import: no other room of actors.
"""
