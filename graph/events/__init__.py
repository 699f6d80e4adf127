"""The two logs in which Microsoft keeps who changed what in a tenant: how they are asked, and what an event says.

May import: graph.content, graph.policy_types, graph.transport.
"""
