"""Addresses below /beta: made of segments that are quoted here, and looked at once more before anything is sent.

What stands in one comes from contents, from uploaded files and from Graph itself: none of it may lead a request to
another place than the one it is for.
"""

import re
from typing import Any
from urllib.parse import quote, unquote

# Nothing that Graph calls an object, and no word that it is asked for by, is longer.
LONGEST = 4000
# What would end a segment, or a path, or hide one that does: also where it is written as %2f, or as %252f.
_STEERS = re.compile(r"[/\\?#%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\.\.|^\.$|^$")
_UNSEEN = re.compile(r"[\\#\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# As ids are: of a policy, a group, a setting of a template, a language.
_ID = re.compile(r"(?!.*\.\.)[\w][\w.:=@+,~!$-]{0,199}", re.ASCII)
LINKS = ("@odata.id", "@odata.bind")


def segment(text: Any) -> str:
    """One step of a path, whatever is in it."""
    return quote(str(text), safe="", errors="replace")


def literal(text: Any) -> str:
    """Inside the apostrophes of a filter, or of a key in brackets."""
    return quote(str(text).replace("'", "''"), safe="", errors="replace")


def below(path: str, *steps: Any) -> str:
    return "/".join((path, *map(segment, steps)))


def keyed(collection: str, key: Any) -> str:
    """As links name an object: /deviceAppManagement/mobileAppCategories('…')."""
    return f"{collection}('{literal(key)}')"


def is_plain_id(text: Any) -> bool:
    """It may be an object's id: what is none is not asked for."""
    return isinstance(text, str) and bool(_ID.fullmatch(text))


def is_step(text: str) -> bool:
    """It is one step of a path, once it is read, and no more than that."""
    return not _STEERS.search(text)


def is_led_astray(path: str) -> bool:
    """A path of ours that is none: a step of it, as it is or once it is read, is more than a step."""
    where, _, query = path.partition("?")
    root, *steps = where.split("/")
    if root or not steps or len(path) > LONGEST or _UNSEEN.search(path) or "?" in query:
        return True
    return not all(is_step(unquote(step)) for step in steps)


def is_page_astray(link: str) -> bool:
    """A link of Graph's to its next page, below its own host: what its query holds is the service's."""
    where = link.partition("?")[0].partition("://")[2]
    return bool(_UNSEEN.search(where)) or any(step and not is_step(unquote(step)) for step in where.split("/"))


def links_in(body: Any) -> list[Any]:
    """What names another object by its address, at any depth."""
    if isinstance(body, list):
        return [found for one in body for found in links_in(one)]
    if not isinstance(body, dict):
        return []
    found: list[Any] = []
    for key, inner in body.items():
        own = inner if isinstance(inner, list) else [inner]
        found += own if str(key).endswith(LINKS) else links_in(inner)
    return found


def is_link_astray(link: Any) -> bool:
    return not isinstance(link, str) or is_led_astray(link)
