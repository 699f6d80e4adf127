"""How Graph is built: its routes and types, and how each collection takes reads and writes.

May import: no other room of graph.
"""
