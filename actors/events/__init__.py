"""Reading the tenants' own audit logs, and what follows from them.

May import: actors.tenants.
"""
