"""Filling the catalogue of Microsoft's words: what policies meet is asked for once, of any tenant.

May import: actors.queue, actors.reading, actors.tenants.
"""
