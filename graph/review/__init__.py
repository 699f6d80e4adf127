"""What a person must see before a restore is approved: every line that is written, and every danger.

May import: graph.content, graph.display, graph.policy_types, graph.references, graph.write.
"""
