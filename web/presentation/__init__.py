"""How values read on a page: formats, sentences, charts, masked secrets, downloads.

May import: web.security.
"""
