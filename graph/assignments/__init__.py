"""Assignments: whom a policy includes and excludes, as its content says it.

May import: graph.content, graph.policy_types, graph.references.
"""
