"""Roll-outs of standards: the list, and one of them with the tenants of its ring.

May import: web.acts, web.lists, web.presentation, web.security.
"""
