"""Standings: tenants beside their standards, for pages, programs and documents: rows, and what differs, whole.

May import: actors.facade, actors.standards.
"""
