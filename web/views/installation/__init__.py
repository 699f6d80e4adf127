"""Pages about the whole installation: dashboard, audit log, health.

May import: web.lists, web.presentation, web.security, web.translation, web.verdicts, web.views.tenants.
"""
