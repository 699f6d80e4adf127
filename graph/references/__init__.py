"""References: the ids of other objects inside a content, where they stand and what they name.

May import: graph.content, graph.policy_types.
"""
