"""Channels, what is told by them, and how it went.

May import: no other room of db.
"""
