"""Representations: the answer of the API for each noun, as a function, with the shape of what that returns.

May import: web.api, web.change_words, web.presentation.
"""
