"""What the simulated tenants hold, and when it can be used.

May import: graph.simulator.model.
"""
