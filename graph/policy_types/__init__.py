"""The table of policy types, and what follows from a row of it: permissions, shape, quotas.

May import: graph.transport.
"""
