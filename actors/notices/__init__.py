"""Notices: their words, and how they leave: by e-mail, Teams, Slack and webhooks.

May import: actors.facade, actors.queue.
"""
