"""Each process's own affairs: logging, starting up, stopping in order.

May import: no other room of actors.
"""
