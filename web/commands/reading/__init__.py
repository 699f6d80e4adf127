"""Commands that list what there is: `list` of each noun, `at`, `changes`.

May import: web.change_words, web.commands.frame.
"""
