"""Whole addresses, which programs can follow as they are: the installation's own, and those of its API."""

from typing import Any

from flask import request, url_for

import config


def base() -> str:
    """Return the address of the installation, as its settings say, else as the request asked for it."""
    return (config.settings().public_url or request.host_url).rstrip("/")


def whole(endpoint: str, **values: Any) -> str:
    """Return the whole address of a route of the API: `whole("runs.one", run_id=41)`."""
    return base() + url_for(f"api.{endpoint}", **values)
