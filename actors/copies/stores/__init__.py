"""Stores of copies: one interface over S3, Azure Blob, SFTP and folders. Nothing here knows what is stored.

May import: no other room.
"""
