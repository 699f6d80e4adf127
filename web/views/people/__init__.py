"""Pages about people: signing in, accounts, users, notifications.

May import: web.lists, web.presentation, web.security, web.translation.
"""
