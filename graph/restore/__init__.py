"""Planning a restore against a target tenant, and executing one policy's part of the plan.

May import: graph.content, graph.display, graph.policy_types, graph.read, graph.references, graph.transport,
graph.write.
"""
