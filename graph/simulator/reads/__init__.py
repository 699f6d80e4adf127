"""What a GET answers.

May import: graph.simulator.features, graph.simulator.model, graph.simulator.store.
"""
