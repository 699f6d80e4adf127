"""Standards: how each tenant has them, and bringing a version to the tenants of a ring.

May import: actors.facade, actors.queue, actors.reading.
"""
