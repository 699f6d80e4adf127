"""Pages about restores: what changed in a tenant, asking for a restore, its plan, approval and execution.

May import: web.acts, web.lists, web.presentation, web.security, web.translation, web.verdicts, web.views.backups.
"""
