"""Standards: made of contents, how each tenant has them, and bringing a version to the tenants of a ring.

May import: actors.changes, actors.facade, actors.imports, actors.queue, actors.reading.
"""
