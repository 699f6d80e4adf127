"""Frame of every command: the installation opened, the answer printed, and nothing imported before it is used.

May import: no other room of web.
"""
