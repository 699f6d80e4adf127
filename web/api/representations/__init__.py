"""Representations: the answer of the API for each noun, as a function, with the shape of what that returns.

May import: no other room of web.
"""
