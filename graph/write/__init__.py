"""Requests that make a policy what a backup holds. Nothing is sent here.

May import: graph.content, graph.definitions, graph.display, graph.policy_types, graph.read, graph.references,
graph.transport.
"""
