"""Rehearsals of restores: the list of a tenant, what one of them did and found, and the choice of a lab.

May import: web.lists, web.presentation, web.security, web.translation.
"""
