"""The table of policy types, and what belongs to a row of it: permissions, shape of the JSON, quotas.

May import: graph.transport.
"""
