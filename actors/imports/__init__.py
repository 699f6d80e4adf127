"""Exports of other tools: read by a run, compared, and restored like a backup set.

May import: actors.facade, actors.queue, actors.uploads.
"""
