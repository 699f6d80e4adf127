"""Commands that roll standards out, and back.

May import: web.acts, web.commands.frame.
"""
