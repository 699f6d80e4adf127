"""Formats, sentences, charts, masked secrets and downloads: values as a page shows them.

May import: web.security, web.translation, web.verdicts.
"""
