"""Exported policies of other tools, loaded as a tenant.

May import: graph.simulator.demo, graph.simulator.features, graph.simulator.model, graph.simulator.store.
"""
