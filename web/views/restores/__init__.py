"""Pages about restores: asking for one, its plan, approval and execution.

May import: web.lists, web.presentation, web.security, web.views.backups.
"""
