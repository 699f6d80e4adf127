"""A tenant's two audit logs, Intune's and Entra's: the records that a change leaves, and how they are read.

May import: graph.simulator.model, graph.simulator.store.
"""
