"""Faults on demand: throttling, errors, malformed answers.

May import: graph.simulator.model, graph.simulator.store.
"""
