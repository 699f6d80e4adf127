"""Readiness: what a restore would bring back if it were deleted now, judged by the planner itself.

May import: actors.plans, actors.queue, actors.tenants.
"""
