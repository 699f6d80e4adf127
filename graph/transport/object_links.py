"""Links to other objects inside a body: relative while it is built, absolute when it is sent.

Every cloud has a Graph host of its own, and a link to another one names nothing (learn.microsoft.com: National cloud
deployments; Micke-K/IntuneManagement#149). Only the client knows its tenant's host.
"""

from typing import Any

from graph.transport.paths import LINK_SUFFIXES


def make_links_absolute(value: Any, base: str) -> Any:
    """Return the body with `base` in front of each link that begins with "/"."""
    if isinstance(value, list):
        return [make_links_absolute(inner, base) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _make_absolute(inner, base) if key.endswith(LINK_SUFFIXES) else make_links_absolute(inner, base)
        for key, inner in value.items()
    }


def _make_absolute(link: Any, base: str) -> Any:
    if isinstance(link, list):
        return [_make_absolute(inner, base) for inner in link]
    return base + link if isinstance(link, str) and link.startswith("/") else link
