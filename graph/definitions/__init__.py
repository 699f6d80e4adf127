"""Microsoft's words for what policies set: titles, options, categories, and how they are asked for.

May import: graph.transport.
"""
