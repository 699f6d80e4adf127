"""Verdicts: how a run, a backup set, a restore, a tenant and the installation stand, in a level, words and a link.

May import: web.translation.
"""
