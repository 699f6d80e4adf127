"""Assignments: lists over the targets of the newest snapshots, and what runs found about one person or device.

May import: db.sql.
"""
