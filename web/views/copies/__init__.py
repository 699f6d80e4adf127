"""Pages about copies of backup sets elsewhere.

May import: web.presentation, web.security.
"""
