"""Exports of other tools: recognised by their content, and read as policies of ours. Nothing in them is trusted.

May import: graph.content, graph.display, graph.policy_types, graph.references, graph.transport.
"""
