"""Pages about changes: the list, one change, what was decided and approved, rules, a tenant's own log.

May import: web.change_words, web.lists, web.presentation, web.security, web.translation, web.views.restores,
web.views.tenants.
"""
