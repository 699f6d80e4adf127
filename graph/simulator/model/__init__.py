"""The shape of Graph: its routes and types, and how each collection takes reads and writes.

May import: no other room of graph.
"""
