"""The demo tenants: made by this code, the same each time, believable to someone who runs Intune.

May import: graph.simulator.features, graph.simulator.model, graph.simulator.store.
"""

from graph.simulator.demo.tenants import demo_tenants

__all__ = ["demo_tenants"]
