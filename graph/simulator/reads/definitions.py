"""The catalogues of definitions: what settings, options and categories are called, in the language asked for.

Habits that cost others their work: graph-spec, Titles. A page of more than two hundred fails, and `$select` refuses
what belongs to subtypes (adamgell/IntuneCommander). The service looks ids up as they are written.
"""

from typing import Any

from graph.simulator.model import odata
from graph.simulator.model.collections import CATEGORY_LISTS, DEFINITION_LISTS, DM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Reply, error, not_found
from graph.simulator.store import catalogue
from graph.simulator.store.state import Tenant

LISTS = frozenset({*DEFINITION_LISTS, *CATEGORY_LISTS})
LARGEST_PAGE = 200
# Properties of choices, values and groups alone.
_OF_SUBTYPES = {"options", "defaultoptionid", "valuedefinition", "defaultvalue", "childids"}
# Where a definition keeps its texts in other languages.
TEXTS = "_in"


def read(tenant: Tenant, path: str, rest: list[str], query: str, url: str) -> Reply:
    """Answer one definition or category, or a page of them."""
    chosen = odata.options(query)
    names = {name.strip().lower() for name in chosen.get("select", "").split(",")}
    if path in DEFINITION_LISTS and names & _OF_SUBTYPES:
        wrong = ", ".join(sorted(names & _OF_SUBTYPES))
        return error(400, "BadRequest", f"Parsing OData Select and Expand failed: no property named '{wrong}'.")
    items = {**catalogue.known(path), **dict(tenant.visible(path))}
    if rest:
        item = items.get(rest[0])
        if item is None or len(rest) > 1:
            return not_found(rest[0])
        return Reply(200, odata.selected(dict(item), chosen.get("select", "")))
    if chosen.get("top", "").isdigit() and int(chosen["top"]) > LARGEST_PAGE:
        return error(500, "InternalServerError", "An internal server error has occurred: the skip token is not valid.")
    page = odata.page(list(items.values()), query, url, LARGEST_PAGE)
    return Reply(200, page)


def localised(reply: Reply, path: str, language: str) -> Reply:
    """Return the answer with the texts of the language, where a definition has them."""
    top = "/".join(path.split("/")[:2])
    if isinstance(reply.body, dict) and (top in LISTS or top == f"{DM}/templates"):
        reply.body = _localised(reply.body, language.partition("-")[0].partition(",")[0].lower())
    return reply


def _localised(value: Any, language: str) -> Any:
    if isinstance(value, list):
        return [_localised(element, language) for element in value]
    if not isinstance(value, dict):
        return value
    shown: Object = {name: _localised(inner, language) for name, inner in value.items() if name != TEXTS}
    return shown | (value.get(TEXTS) or {}).get(language, {})
