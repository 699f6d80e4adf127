"""Keeping tenants as their standards want them: what was changed is put back, by a person or by itself.

May import: actors.changes, actors.facade, actors.plans, actors.restores, actors.rollouts.
"""
