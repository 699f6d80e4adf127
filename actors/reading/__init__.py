"""Reading a tenant for a run that may be interrupted: remembered answers, cached lists, errors told.

May import: actors.queue, actors.tenants.
"""
