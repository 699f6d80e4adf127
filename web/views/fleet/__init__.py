"""Pages about many tenants at once: their list, acts on those that are ticked, and what new ones get.

May import: web.lists, web.presentation, web.security, web.translation, web.verdicts, web.views.tenants.
"""
