"""Sources of the policies that documents tell of: snapshots of ours, or an import.

May import: actors.facade.
"""
