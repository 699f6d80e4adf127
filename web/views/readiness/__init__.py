"""Pages about readiness: what of each tenant would come back, and what to do about the rest.

May import: web.lists, web.presentation, web.security, web.translation, web.verdicts.
"""
