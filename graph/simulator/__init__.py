"""A Microsoft Graph and sign-in endpoint over loopback HTTP, for the demo, for training and for tests.

A process of its own: `python -m graph.simulator --port 8089`; docs/simulator.md describes it. It shares no table with
the product: docs/decisions/0019-simulator-shares-nothing.md.
"""
