"""The review before a restore is approved: every line that it writes, and every danger in it.

May import: graph.content, graph.definitions, graph.display, graph.policy_types, graph.references, graph.write.
"""
