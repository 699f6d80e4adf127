"""The preview, which makes a restore's draft into a plan and writes nothing.

May import: actors.facade, actors.queue, actors.reading, actors.tenants.
"""
