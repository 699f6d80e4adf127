"""Copies of backup sets outside the installation: pushing, looking after stores, verifying.

May import: no other room.
"""
