"""Contents of policies as people read them: lines, labels, differences, masked secrets.

May import: graph.content, graph.definitions, graph.policy_types, graph.references.
"""
