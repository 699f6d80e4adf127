"""Recovery of an installation from a store of copies and a recovery key, and nothing else.

May import: actors.copies, actors.copies.stores.
"""
