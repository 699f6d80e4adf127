"""What happens when a worker dies: heartbeats, and messages sent again.

May import: actors.process, actors.queue.
"""
