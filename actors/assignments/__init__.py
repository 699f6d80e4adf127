"""Assignments that a person or a device has, found by a run, and the rules of the filters among them.

May import: actors.queue, actors.tenants.
"""
