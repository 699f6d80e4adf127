"""Acts on runs and restores with their rules, which are the same whether a page or a program asks for them.

May import: web.security.
"""
