"""Recovery when a worker dies: its runs are taken back and enqueued again, by steps that the scheduler takes.

May import: actors.process, actors.queue.
"""
