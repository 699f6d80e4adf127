"""Who may see and do what; headers, attempt limits, cookies and proof of identity.

May import: no other room of web.
"""
