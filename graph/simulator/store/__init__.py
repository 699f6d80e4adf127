"""The contents of the simulated tenants, and when they can be used.

May import: graph.simulator.model.
"""
