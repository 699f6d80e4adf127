"""Pages about what is kept: policies, snapshots, backup sets, runs.

May import: web.lists, web.presentation, web.security, web.translation, web.verdicts.
"""
