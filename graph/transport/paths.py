"""Addresses below /beta: built from segments that are quoted here, and checked once more before anything is sent.

The parts come from contents, from uploaded files and from Graph itself: none of them may lead a request to another
place than the one it is meant for.
"""

import re
from typing import Any
from urllib.parse import quote, unquote

# No address of an object, and no query, is longer.
MAX_PATH_LENGTH = 4000
# Characters that would end a segment or a path, or hide one that does; also where they are written as %2f or %252f.
_STEERS = re.compile(r"[/\\?#%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\.\.|^\.$|^$")
_UNSEEN = re.compile(r"[\\#\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# The ids of policies, groups, settings of a template, languages.
_ID = re.compile(r"(?!.*\.\.)[\w][\w.:=@+,~!$-]{0,199}", re.ASCII)
LINK_SUFFIXES = ("@odata.id", "@odata.bind")


def quote_segment(text: Any) -> str:
    """Return the text as one step of a path, whatever is in it."""
    return quote(str(text), safe="", errors="replace")


def quote_literal(text: Any) -> str:
    """Return the text for inside the apostrophes of a filter, or of a key in brackets."""
    return quote(str(text).replace("'", "''"), safe="", errors="replace")


def join(path: str, *steps: Any) -> str:
    """Return the path with each step quoted and added below it."""
    return "/".join((path, *map(quote_segment, steps)))


def key_link(collection: str, key: Any) -> str:
    """Return the link that names an object by its key: /deviceAppManagement/mobileAppCategories('…')."""
    return f"{collection}('{quote_literal(key)}')"


def is_plain_id(text: Any) -> bool:
    """Tell whether this may be an object's id: nothing else is asked for."""
    return isinstance(text, str) and bool(_ID.fullmatch(text))


def is_single_segment(text: str) -> bool:
    """Tell whether an unquoted text is one step of a path, and no more than that."""
    return not _STEERS.search(text)


def is_path_astray(path: str) -> bool:
    """Tell whether a path of ours leads elsewhere: a step of it, unquoted, is more than one step."""
    where, _, query = path.partition("?")
    root, *steps = where.split("/")
    if root or not steps or len(path) > MAX_PATH_LENGTH or _UNSEEN.search(path) or "?" in query:
        return True
    return not all(is_single_segment(unquote(step)) for step in steps)


def is_page_astray(link: str) -> bool:
    """Tell whether Graph's link to its next page leads elsewhere on its host. Its query is the service's own affair."""
    where = link.partition("?")[0].partition("://")[2]
    return bool(_UNSEEN.search(where)) or any(
        step and not is_single_segment(unquote(step)) for step in where.split("/")
    )


def find_links(body: Any) -> list[Any]:
    """Return all links to other objects in a body, at any depth."""
    if isinstance(body, list):
        return [link for inner in body for link in find_links(inner)]
    if not isinstance(body, dict):
        return []
    links: list[Any] = []
    for key, inner in body.items():
        own = inner if isinstance(inner, list) else [inner]
        links += own if str(key).endswith(LINK_SUFFIXES) else find_links(inner)
    return links


def is_link_astray(link: Any) -> bool:
    return not isinstance(link, str) or is_path_astray(link)
