"""Settings of a content: each that a policy sets, once, with as much of its value as may be kept unsealed.

May import: graph.content, graph.definitions, graph.display, graph.policy_types.
"""
