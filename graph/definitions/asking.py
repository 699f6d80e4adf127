"""Asking Graph for definitions and categories, one by one: only what policies name, and only once.

Routes and their traps: graph-spec, Titles. No `$select`, which refuses what belongs to subtypes; the language is always
named, since nobody knows the service's own.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graph.definitions.met_ids import LONGEST_ID, Catalogue, MetId
from graph.definitions.parsing import SettingCategory, parse_category, parse_definition
from graph.definitions.wording import SettingDefinition, fold
from graph.errors import NotAvailable, NotFound, Rejected
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Answer, Request
from graph.transport.pages import check_page_is_new, next_link, page_items

DM = "/deviceManagement"
# Larger pages of these lists fail with errors of their skip tokens (adamgell/IntuneCommander).
PAGE = 200
_LISTS: Mapping[Catalogue, str] = {
    Catalogue.CONFIGURATION: f"{DM}/configurationSettings",
    Catalogue.COMPLIANCE: f"{DM}/complianceSettings",
    Catalogue.REUSABLE: f"{DM}/reusableSettings",
    Catalogue.INVENTORY: f"{DM}/inventorySettings",
    Catalogue.INTENT: f"{DM}/settingDefinitions",
    Catalogue.TEMPLATE: f"{DM}/templates",
}
# A setting may be in another of these than its policy says (Microsoft's own app for administrators merges all four by
# id: adamgell/IntuneCommander).
_SHARED = (Catalogue.CONFIGURATION, Catalogue.COMPLIANCE, Catalogue.REUSABLE, Catalogue.INVENTORY)
_CATEGORY_LISTS: Mapping[Catalogue, str] = {
    Catalogue.CONFIGURATION: f"{DM}/configurationCategories",
    Catalogue.COMPLIANCE: f"{DM}/complianceCategories",
    Catalogue.REUSABLE: f"{DM}/reusableCategories",
    Catalogue.INVENTORY: f"{DM}/inventoryCategories",
}
# As many requests as the whole list of categories takes: 1,025 of them, 200 to a page.
_ASK_ONE_BY_ONE_UP_TO = 6
# Deeper categories are no categories.
MOST_LEVELS = 12


@dataclass(frozen=True)
class FoundDefinition:
    definition: SettingDefinition
    catalogue: Catalogue


@dataclass(frozen=True)
class FoundTemplate:
    """A template of intents: its definitions and itself, by id, and the title of each of its categories."""

    definitions: Mapping[str, FoundDefinition]
    categories: Mapping[str, SettingCategory]


def ask_definition(met: MetId, language: str) -> RequestSteps[FoundDefinition | None]:
    """Return the definition, from the list that its policy names or from one of the others.

    None: no list has it. Raises GraphError for any other refusal.
    """
    own, folded = met.catalogue, fold(met.spelling)
    others = [each for each in _SHARED if each != own] if own in _SHARED else []
    # The service keeps the ids of its catalogues in small letters, whatever a policy was made from.
    tries = dict.fromkeys([(own, met.spelling), (own, folded), *((each, folded) for each in others)])
    for catalogue, spelling in tries:
        (answer,) = yield [_request(paths.join(_LISTS[catalogue], spelling), language)]
        if not _is_absent(answer, is_first=catalogue == own):
            return FoundDefinition(parse_definition(answer.require_body(), spelling), catalogue)
    return None


def ask_template(template_id: str, language: str) -> RequestSteps[FoundTemplate | None]:
    """Return a template of intents with the settings that it has, for two requests; None where Graph has none."""
    path = paths.join(_LISTS[Catalogue.TEMPLATE], template_id)
    template, listed = yield [
        _request(path, language), _request(f"{path}/categories?$expand=settingDefinitions", language)
    ]  # fmt: skip
    if isinstance(template.error, NotFound):
        return None
    own = parse_definition(template.require_body(), template_id)
    definitions = {own.id: FoundDefinition(own, Catalogue.TEMPLATE)}
    categories: dict[str, SettingCategory] = {}
    for body in page_items(listed.body) if listed.body else ():
        category = parse_category(body)
        if category:
            categories[category.id] = category
        definitions |= {
            each.id: FoundDefinition(replace(each, category_id=category.id if category else ""), Catalogue.INTENT)
            for each in _settings_below(body)
        }
    return FoundTemplate(definitions, categories)


def _settings_below(category: Mapping[str, Any]) -> Iterator[SettingDefinition]:
    definitions = category.get("settingDefinitions")
    for body in definitions if isinstance(definitions, list) else ():
        if isinstance(body, Mapping) and isinstance(body.get("id"), str) and len(body["id"]) <= LONGEST_ID:
            yield parse_definition(body, body["id"])


def ask_categories(
    missing: Collection[str], known: Collection[str], catalogue: Catalogue, language: str
) -> RequestSteps[dict[str, SettingCategory]]:
    """Return {id: category} of those that are missing, and of all above them that are not `known`.

    Those that Graph does not have are left out: a setting is then shown without a category.
    """
    route = _CATEGORY_LISTS.get(catalogue)
    if route is None:
        return {}
    found: dict[str, SettingCategory] = {}
    if len(missing) > _ASK_ONE_BY_ONE_UP_TO:
        found = yield from _list_categories(route, language)
    # The list lacks some deep ones (jgeselle/intuneatlas).
    asked: set[str] = set()
    for _ in range(MOST_LEVELS):
        above = {category.parent_id for category in found.values() if category.parent_id}
        wanted = sorted(({*missing} | above) - found.keys() - {*known} - asked)
        if not wanted:
            break
        answers = yield [_request(paths.join(route, category_id), language) for category_id in wanted]
        asked |= {*wanted}
        for answer in answers:
            category = None if _is_absent(answer, is_first=False) else parse_category(answer.require_body())
            if category:
                found[category.id] = category
    return found


def _list_categories(route: str, language: str) -> RequestSteps[dict[str, SettingCategory]]:
    found: dict[str, SettingCategory] = {}
    path: str | None = f"{route}?$top={PAGE}"
    seen: set[str] = set()
    while path:
        check_page_is_new(seen, path)
        (answer,) = yield [_request(path, language)]
        if _is_absent(answer, is_first=False):
            break
        page = answer.require_body()
        found |= {each.id: each for each in map(parse_category, page_items(page)) if each}
        path = next_link(page)
    return found


def category_paths(
    found: Mapping[str, SettingCategory], known: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return {category id: titles from the top down}. `known`: those of categories that were found before."""
    return {category_id: _path(category_id, found, known) for category_id in found}


def _path(
    category_id: str, found: Mapping[str, SettingCategory], known: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    titles: tuple[str, ...] = ()
    for _ in range(MOST_LEVELS):
        category = found.get(category_id)
        if category is None:
            return (*known.get(category_id, ()), *titles)
        titles, category_id = (category.title, *titles), category.parent_id
    return titles


def _request(path: str, language: str) -> Request:
    return Request(path, headers={"Accept-Language": language})


def _is_absent(answer: Answer, *, is_first: bool) -> bool:
    """Tell whether a list does not have it, or is not there itself. Whatever else a further list refuses with is no
    news: the first one answered.
    """
    if is_first:
        is_list_absent = isinstance(answer.error, NotAvailable) and answer.error.code in _NO_SUCH_LIST
        return isinstance(answer.error, NotFound) or is_list_absent
    return isinstance(answer.error, Rejected)


# graph/not_offered.py: this cloud has no such route.
_NO_SUCH_LIST = ("unknown_segment", "no_route")
