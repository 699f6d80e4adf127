"""Statements that several rooms need: long lists of values, upserts, time ranges, the order of locks.

May import: no other room of db.
"""
