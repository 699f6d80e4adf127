"""What a POST, PATCH, PUT or DELETE does, and what is refused.

May import: graph.simulator.features, graph.simulator.model, graph.simulator.reads, graph.simulator.store.
"""
