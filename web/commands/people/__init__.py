"""Commands about people and programs: `user`, `member`, `token`.

May import: web.commands.frame.
"""
