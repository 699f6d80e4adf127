"""Roll-outs of standards: a version planned for each tenant of a ring, confirmed once, carried out, and undone.

May import: actors.plans, actors.queue, actors.restores, actors.standards.
"""
