"""Reading lists of Graph to their last page."""

from collections.abc import Callable
from typing import Any

from graph.read.proof import Proof
from graph.transport.batch_driver import RequestSteps
from graph.transport.pages import check_page_is_new, next_link, page_elements, page_items


def all_pages(path: str) -> RequestSteps[list[Any]]:
    """Read a list, every element of which has to be an object."""
    [answer] = yield [path]
    return (yield from follow_pages(answer.require_body()))


def all_elements(path: str) -> RequestSteps[list[Any]]:
    """Read a list like `all_pages`, but keep elements that are no objects too."""
    [answer] = yield [path]
    return (yield from follow_pages(answer.require_body(), items_of=page_elements))


def follow_pages(
    page: dict[str, Any], proof: Proof | None = None, items_of: Callable[..., list[Any]] = page_items
) -> RequestSteps[list[Any]]:
    """Return the items of `page` and of all pages after it; `proof` counts them.

    Raises Malformed for a link that comes twice: following it would never end.
    """
    proof = proof or Proof()
    items, seen = list(items_of(page)), set[str]()
    proof.pages += 1
    link = next_link(page)
    while link:
        check_page_is_new(seen, link)
        [answer] = yield [link]
        page = answer.require_body()
        items += items_of(page)
        proof.pages += 1
        link = next_link(page)
    return items


def follow_inline_pages(body: dict[str, Any], proof: Proof) -> RequestSteps[None]:
    """Complete expanded lists that were cut: beside such a list stands `settings@odata.nextLink`, to the rest."""
    proof.pages += 1
    for key in [key for key in body if key.endswith("@odata.nextLink") and key != "@odata.nextLink"]:
        name, link = key.split("@")[0], next_link(body, key)
        if link:
            [answer] = yield [link]
            body[name] = [*body.get(name, []), *(yield from follow_pages(answer.require_body(), proof))]
