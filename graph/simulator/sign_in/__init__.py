"""Entra's sign-in endpoints: for apps, and for people.

May import: graph.simulator.audit, graph.simulator.model, graph.simulator.store.
"""
