"""The web server: gunicorn's processes with waitress's threads, slow clients held off.

May import: web.security.
"""
