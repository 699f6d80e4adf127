"""Links to other objects inside a body: relative while it is made, absolute when it is sent.

Every cloud has a Graph host of its own, and a link to another one names nothing (learn.microsoft.com: National cloud
deployments; Micke-K/IntuneManagement#149). Only the client knows its tenant's host.
"""

from typing import Any

# What names another object by its address; everything else is left as it is, whatever it looks like.
_ADDRESSES = ("@odata.id", "@odata.bind")


def with_addresses(value: Any, base: str) -> Any:
    """The body with each link that begins with "/" below `base`: every cloud has a Graph host of its own, and a link to
    another one names nothing (learn.microsoft.com: National cloud deployments; Micke-K/IntuneManagement#149).
    """
    if isinstance(value, list):
        return [with_addresses(one, base) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _address(inner, base) if key.endswith(_ADDRESSES) else with_addresses(inner, base)
        for key, inner in value.items()
    }


def _address(link: Any, base: str) -> Any:
    if isinstance(link, list):
        return [_address(one, base) for one in link]
    return base + link if isinstance(link, str) and link.startswith("/") else link
