"""The queue: broker, middleware, dedupe locks, and the frame in which every actor runs.

May import: actors.process.
"""
