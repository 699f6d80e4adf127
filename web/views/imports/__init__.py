"""Pages about imports: policies of other tools, looked at, kept, compared and restored.

May import: web.acts, web.lists, web.presentation, web.security, web.translation, web.views.restores.
"""
