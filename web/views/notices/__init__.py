"""Pages about notices: channels with their rules and deliveries, and the demo's own mailbox.

May import: web.demo, web.presentation, web.security, web.translation.
"""
