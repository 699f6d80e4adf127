"""Pages about standards: what they hold, who follows them, how each tenant stands, and exceptions.

May import: web.acts, web.lists, web.presentation, web.security, web.translation.
"""
