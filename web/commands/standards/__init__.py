"""The commands of `tenantkeep standard` that are about standards themselves.

May import: web.acts, web.commands.frame.
"""
