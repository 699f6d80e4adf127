"""Git as a store, for reading and review: each backup set is a commit of readable JSON without secrets.

May import: actors.copies.stores, actors.facade.
"""
