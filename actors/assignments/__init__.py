"""Policies that one person or one device gets, found by a run.

May import: actors.queue, actors.tenants.
"""
