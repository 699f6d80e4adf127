"""Access to pages and rows, and what guards it: headers, attempt limits, cookies and proof of identity.

May import: no other room of web.
"""
