"""Signing in: an app to a tenant, and a person with Entra ID.

May import: graph.content, graph.policy_types, graph.transport.
"""
