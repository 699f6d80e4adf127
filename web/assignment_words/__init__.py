"""Assignments in words: whom a list or a command is asked about, and what each target is called.

May import: web.translation.
"""
