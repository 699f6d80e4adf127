"""Reading from Graph: lists, whole policies, and the names behind ids.

May import: graph.content, graph.policy_types, graph.references, graph.transport.
"""
