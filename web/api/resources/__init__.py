"""The routes of the API, one file per noun.

May import: web.acts, web.api, web.api.representations, web.api.standards, web.security.
"""
