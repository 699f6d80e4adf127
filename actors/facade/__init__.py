"""A facade over graph/ for web: names of policy types, differences between snapshots, app registrations.

May import: no other room of actors.
"""
