"""Changes of policies: what differs, how grave that is, what is ignored of it, and putting them back.

May import: actors.document_sources, actors.facade, actors.plans, actors.queue.
"""
