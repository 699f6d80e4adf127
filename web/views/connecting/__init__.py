"""Pages that connect tenants: for admins here, and for the administrator of a customer's directory.

May import: web.lists, web.security, web.views.backups.
"""
