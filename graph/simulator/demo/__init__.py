"""The demo tenants: made by this code, the same each time, believable to someone who runs Intune."""

from graph.simulator.demo.tenants import demo_tenants

__all__ = ["demo_tenants"]
