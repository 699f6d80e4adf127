"""Tables and the verbs on them, one file per noun.

Times are UTC without a zone throughout: docs/decisions/0001-naive-utc.md.
"""
