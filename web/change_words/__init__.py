"""Changes and events of tenants' own logs in words: what became of a policy, how grave that is, and by whom.

May import: web.presentation, web.translation.
"""
