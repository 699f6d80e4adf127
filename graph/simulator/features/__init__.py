"""Parts of the service with habits of their own: assignments, certificates, policy sets and others.

May import: graph.simulator.model, graph.simulator.store.
"""
