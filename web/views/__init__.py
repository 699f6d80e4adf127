"""The pages, one file each.

May import: no other room of web.
"""
