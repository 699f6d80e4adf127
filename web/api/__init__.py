"""The REST API below /api/v1, for programs: who asks, what comes in, what goes out, and what describes it.

May import: web.security.
"""
