"""Pages about what is kept: policies, snapshots, backup sets, runs.

May import: web.acts, web.assignment_words, web.change_words, web.lists, web.presentation, web.security,
web.translation, web.verdicts.
"""
