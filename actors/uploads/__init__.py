"""Uploaded backup sets: unpacked with limits, and checked against their manifest.

May import: actors.queue.
"""
