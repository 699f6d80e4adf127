"""From a restore's draft to its plan, by a preview, which writes nothing.

May import: actors.queue, actors.reading, actors.tenants.
"""
