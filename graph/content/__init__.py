"""Contents of policies as data: normalised, fingerprinted, their secrets and lists known by place.

May import: graph.policy_types, graph.transport.
"""
