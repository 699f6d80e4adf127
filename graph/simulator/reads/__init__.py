"""The answers to a GET.

May import: graph.simulator.audit, graph.simulator.features, graph.simulator.model, graph.simulator.store.
"""
