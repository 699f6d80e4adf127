"""The routes of the API that are about standards, and what they answer.

May import: web.acts, web.api, web.api.representations, web.security.
"""
