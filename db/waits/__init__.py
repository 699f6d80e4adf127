"""Waits of runs: what each waited for, and how long.

May import: no other room of db.
"""
