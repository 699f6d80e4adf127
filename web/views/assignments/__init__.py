"""Pages about assignments: who gets what, and what one person or device gets.

May import: web.assignment_words, web.lists, web.presentation, web.security.
"""
