"""The pages of Graph's lists, their items and the ids of these, each checked before it is used."""

from collections.abc import Mapping
from typing import Any

from graph.errors import Malformed
from graph.transport import paths

# Twenty-five settings to a page, a thousand policies: no tenant has so many. Links that lead on for ever have.
MOST_PAGES = 1000
# A GUID has 36 characters; two of them, or one with a word in front, are the longest ids that were seen.
LONGEST_ID = 200
NOT_A_LIST = "Microsoft Graph's page is not the list of objects it should be."


def page_items(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the objects on a page. Raises Malformed where an element is none: a policy's children are needed whole."""
    items = page_elements(page)
    if not all(isinstance(item, dict) for item in items):
        raise Malformed("malformed", NOT_A_LIST)
    return items


def page_elements(page: Mapping[str, Any]) -> list[Any]:
    """Return the elements of a page as they came, objects or not. Raises Malformed where there is no list."""
    items = page.get("value")
    if not isinstance(items, list):
        raise Malformed("malformed", NOT_A_LIST)
    return items


def next_link(page: Mapping[str, Any], name: str = "@odata.nextLink") -> str | None:
    """Return the link to the next page; None on the last one.

    Raises Malformed for a link that is no address: a list that ends too early would look whole.
    """
    link = page.get(name)
    if link is None:
        return None
    if not isinstance(link, str) or not link.startswith("http") or not (link.isascii() and link.isprintable()):
        raise Malformed("malformed", "Microsoft Graph's link to the next page is no address. Nothing of it was used.")
    return link


def check_page_is_new(seen: set[str], link: str) -> None:
    """Add a link to `seen`. Raises Malformed if it is there already, or after more pages than anybody has."""
    if link in seen:
        raise Malformed("page_repeats", "Microsoft Graph sent the same page link twice.")
    if len(seen) >= MOST_PAGES:
        raise Malformed("too_large", f"Microsoft Graph's list has more than {MOST_PAGES} pages. It was not used.")
    seen.add(link)


def require_id(item: Mapping[str, Any]) -> str:
    """Return the id of an object. Raises Malformed where there is none that can be used."""
    object_id = item.get("id")
    if not is_usable_id(object_id):
        raise Malformed("malformed", "Microsoft Graph sent an object without a usable id. Nothing of it was used.")
    return str(object_id)


def is_usable_id(value: Any) -> bool:
    is_short = isinstance(value, str) and 0 < len(value) <= LONGEST_ID
    return is_short and value.isprintable() and paths.is_single_segment(value)
