"""Changing tables while they are in use: online changes, 64-bit row ids.

May import: no other room of db.
"""
