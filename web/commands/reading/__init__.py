"""Commands that list what there is: `list` of each noun, `at`, `changes`, `standard matrix`.

May import: web.change_words, web.commands.frame.
"""
