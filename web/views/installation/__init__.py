"""Pages about the whole installation: dashboard, audit log, health.

May import: web.change_words, web.lists, web.metrics, web.presentation, web.security, web.translation, web.verdicts,
web.views.audit_acts, web.views.notices, web.views.tenants.
"""
