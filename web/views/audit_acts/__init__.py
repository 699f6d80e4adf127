"""Actions of the audit log in words: a title, a group and sentences for each.

May import: no other room of web.
"""
