"""`tenantkeep demo`: the whole of Tenantkeep on one machine, with tenants that have a past.

May import: no other room of web.
"""
