"""Housekeeping: the daily pruning, and remembering where the audit log ends.

May import: actors.process, actors.queue.
"""
