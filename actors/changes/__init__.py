"""Changes of policies: what differs, how grave that is, and what is ignored of it.

May import: actors.facade, actors.process, actors.queue.
"""
