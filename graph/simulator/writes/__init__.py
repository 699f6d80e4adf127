"""Carrying out a POST, PATCH, PUT or DELETE, or refusing it.

May import: graph.simulator.audit, graph.simulator.features, graph.simulator.model, graph.simulator.reads,
graph.simulator.store.
"""
