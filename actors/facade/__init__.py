"""A facade over graph/ for web: names of policy types, and differences between snapshots.

May import: no other room of actors.
"""
