"""Pages about people: signing in, accounts, users, notifications.

May import: web.api, web.lists, web.presentation, web.security, web.translation.
"""
