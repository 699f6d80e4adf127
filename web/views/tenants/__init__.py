"""Pages about a tenant: its settings, schedules, mappings and rules.

May import: web.change_words, web.lists, web.presentation, web.security, web.translation, web.verdicts.
"""
