"""Pages about settings: which policies set one and to what, and where policies set one differently.

May import: web.lists, web.presentation, web.security, web.translation.
"""
