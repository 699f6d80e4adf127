"""Where the policies of a document come from: snapshots of ours, or an import.

May import: actors.facade.
"""
