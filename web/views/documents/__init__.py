"""Pages about documents: the list, the form that asks for one, its download, and whose name stands on them.

May import: web.lists, web.presentation, web.security, web.translation, web.verdicts.
"""
