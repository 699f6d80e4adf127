"""HTTP to Microsoft Graph: the client, its deadlines and rate limits, and batches of requests.

May import: no other room of graph.
"""
