"""What web may know of Graph: names of policy types, and differences between snapshots.

May import: no other room of actors.
"""
