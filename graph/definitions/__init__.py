"""Microsoft's words for what policies set: titles, options, categories, and how they are asked for.

May import: no other room of graph.
"""
