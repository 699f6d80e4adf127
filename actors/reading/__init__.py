"""Reading a tenant for a run that may be interrupted: remembered answers, cached lists, errors explained.

May import: actors.facade, actors.queue, actors.tenants.
"""
