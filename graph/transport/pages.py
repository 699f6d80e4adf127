"""The pages of Graph's lists, and the ids of what is on them: believed as far as they can be what they say."""

from collections.abc import Mapping
from typing import Any

from graph.errors import Malformed
from graph.transport import paths

# Twenty-five settings to a page, a thousand policies: no tenant has so many. Links that lead on for ever have.
MOST_PAGES = 1000
# A GUID has 36 characters; two of them, or one with the name of a sort, are the longest seen.
LONGEST_ID = 200
NO_LIST = "Microsoft Graph's page is not the list of objects it should be."


def items_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Raises Malformed where an element is no object: who reads a policy's children needs all of them."""
    items = elements_of(page)
    if not all(isinstance(item, dict) for item in items):
        raise Malformed("malformed", NO_LIST)
    return items


def elements_of(page: Mapping[str, Any]) -> list[Any]:
    """As they came: who lists policies makes do with those that are objects."""
    items = page.get("value")
    if not isinstance(items, list):
        raise Malformed("malformed", NO_LIST)
    return items


def next_link(page: Mapping[str, Any], name: str = "@odata.nextLink") -> str | None:
    """None on the last page. Raises Malformed for a link that is no address: a list that ends too early looks whole."""
    link = page.get(name)
    if link is None:
        return None
    if not isinstance(link, str) or not link.startswith("http") or not (link.isascii() and link.isprintable()):
        raise Malformed("malformed", "Microsoft Graph's link to the next page is no address. Nothing of it was used.")
    return link


def note_page(seen: set[str], link: str) -> None:
    """Raises Malformed for a link that comes twice, or after more pages than anybody has."""
    if link in seen:
        raise Malformed("page_repeats", "Microsoft Graph sent the same page link twice.")
    if len(seen) >= MOST_PAGES:
        raise Malformed("too_large", f"Microsoft Graph's list has more than {MOST_PAGES} pages. It was not used.")
    seen.add(link)


def id_of(item: Mapping[str, Any]) -> str:
    """Raises Malformed for an object without an id that could be one."""
    found = item.get("id")
    if not is_id(found):
        raise Malformed("malformed", "Microsoft Graph sent an object without a usable id. Nothing of it was used.")
    return str(found)


def is_id(found: Any) -> bool:
    is_short = isinstance(found, str) and 0 < len(found) <= LONGEST_ID
    return is_short and found.isprintable() and paths.is_step(found)
