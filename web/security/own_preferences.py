"""The current user's choices, read once for each request: the frame of every page asks for several of them."""

from typing import Any

from flask import g
from flask_login import current_user

from db.accounts import preferences


def own_preferences() -> dict[str, Any]:
    """Return {name: value} of whoever is signed in."""
    if "preferences" not in g:
        g.preferences = preferences.of_user(current_user.id)
    preferences_of_user: dict[str, Any] = g.preferences
    return preferences_of_user
