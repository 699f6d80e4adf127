"""Checks of `doctor` that look at one thing each, and say how it is and what to do.

May import: no other room of web.
"""
