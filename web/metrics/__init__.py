"""The metrics that `/metrics` gives to Prometheus: what there is to tell, and how it is written.

May import: no other room of web.
"""
