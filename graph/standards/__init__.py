"""Contents of standards: what is left out of them, what of them differs from tenant to tenant, and its values.

May import: graph.changes, graph.content, graph.display, graph.policy_types, graph.references.
"""
