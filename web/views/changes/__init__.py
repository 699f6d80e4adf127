"""Pages about changes: the list, one change, what is approved, whole comparisons.

May import: web.presentation, web.security, web.views.restores.
"""
