"""Pages in the reader's language: which one, the catalogs, and sentences that were kept in English.

May import: web.security.
"""
