"""Policies written as files of other tools. Pure: each writer turns one policy after the other into files.

May import: graph.content, graph.policy_types.
"""
