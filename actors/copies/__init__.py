"""Copies of backup sets outside the installation: pushing, looking after stores, verifying.

May import: actors.copies.git, actors.copies.stores, actors.queue.
"""
