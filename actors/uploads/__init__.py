"""Uploaded backup sets, unpacked within limits and checked against their manifest.

May import: actors.queue.
"""
