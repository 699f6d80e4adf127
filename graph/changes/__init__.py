"""Changes of a policy between two contents: where they differ, without values, and how grave that is.

May import: graph.content, graph.definitions, graph.display, graph.policy_types, graph.review.
"""
