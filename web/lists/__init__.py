"""The base of every list page: columns, filters, paging, ticked rows.

May import: web.presentation, web.security, web.translation.
"""
