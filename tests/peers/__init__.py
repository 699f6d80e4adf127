"""Clients that others wrote, run unchanged against the simulator. `make peers` installs and runs them.

No file here is named test_…: they need an environment of their own with 800 MB of packages, which the tests have not.
"""
