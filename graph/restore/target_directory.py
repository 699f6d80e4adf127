"""Objects of the target tenant that a restore may refer to: its lists, and objects looked up one by one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.errors import GraphError, NotFound, Rejected, Throttled
from graph.read import groups
from graph.read.paging import follow_pages
from graph.read.readings import ListedPolicy
from graph.references.navigations import DERIVED_CREDENTIALS, PATHS
from graph.references.reference_kinds import (
    AGENTS,
    APPLICATIONS,
    CONNECTIONS,
    DEFINITIONS,
    GROUPS,
    IMAGES,
    PRESENTATIONS,
    PRINCIPALS,
    TOKENS,
    TUNNEL_SITES,
    USERS,
    VPP_TOKENS,
    policy_types_of,
)
from graph.references.references import Reference
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps
from graph.transport.client import Answer

ObjectKey = tuple[str, str]


@dataclass(frozen=True)
class SourceObject:
    """An object of the source tenant, as the backup knows it besides its id."""

    name: str | None = None
    odata_type: str | None = None
    platform: str | None = None
    # For an ADMX definition its class and category, for a presentation its definition's id, for a service principal
    # the appId of its app.
    within: str = ""


def definition_scope(definition: Mapping[str, Any]) -> str:
    return f"{definition.get('classType')} {definition.get('categoryPath')}"


@dataclass
class TargetDirectory:
    """The target tenant's policies by policy type, and objects that were looked up one by one."""

    listed: dict[str, list[ListedPolicy] | GraphError]
    # (kind, id) -> name, of objects that exist.
    by_id: dict[ObjectKey, str | None] = field(default_factory=dict)
    # (kind, name) -> [(id, name)].
    by_name: dict[ObjectKey, list[tuple[str, str | None]]] = field(default_factory=dict)
    # Kinds that the app may not read: nobody knows whether an object of them exists.
    unreadable: set[str] = field(default_factory=set)
    # (kind, id or name) -> why it could not be looked up, though others of its kind were.
    not_answered: dict[ObjectKey, str] = field(default_factory=dict)
    # ADMX definitions that somebody imported into the target: (name, class and category) -> ids.
    custom: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    # (definition id, label) -> presentation ids.
    presentations: dict[ObjectKey, list[str]] = field(default_factory=dict)
    # Nothing is tried again.
    is_last_try: bool = False

    def has_answer(self, key: ObjectKey, answer: Answer) -> bool:
        """Return whether there is a body; if not, note why. Raises the error that another try may mend."""
        error = answer.error
        if error is None or isinstance(error, NotFound):
            return error is None
        if isinstance(error, Rejected):
            self.unreadable.add(key[0])
        elif self.is_last_try and not isinstance(error, Throttled):
            self.not_answered[key] = error.sentence
        else:
            raise error
        return False


def _item_path(collection: str, query: str = "?$select=id,displayName") -> Callable[[str], str]:
    return lambda graph_id: paths.join(collection, graph_id) + query


_PATHS: Mapping[str, Callable[[str], str]] = {
    GROUPS: groups.group_path,
    USERS: _item_path("/users", "?$select=id,displayName,userPrincipalName"),
    APPLICATIONS: lambda one: (
        f"/servicePrincipals?$filter=appId eq '{paths.quote_literal(one)}'&$select=appId,displayName"
    ),
    # An agent's identity is a service principal too (learn.microsoft.com: agentIdentity).
    **dict.fromkeys((PRINCIPALS, AGENTS), _item_path("/servicePrincipals", "?$select=id,appId,displayName")),
    TOKENS: _item_path("/deviceManagement/depOnboardingSettings", ""),
    VPP_TOKENS: _item_path("/deviceAppManagement/vppTokens"),
    TUNNEL_SITES: _item_path("/deviceManagement/microsoftTunnelSites"),
    CONNECTIONS: _item_path("/deviceManagement/virtualEndpoint/onPremisesConnections"),
    DERIVED_CREDENTIALS: _item_path(PATHS[DERIVED_CREDENTIALS]),
    IMAGES: _item_path("/deviceManagement/virtualEndpoint/deviceImages"),
    DEFINITIONS: _item_path("/deviceManagement/groupPolicyDefinitions", ""),
}
_CUSTOM = (
    "/deviceManagement/groupPolicyCategories?$expand=definitions($select=id,displayName,categoryPath,classType)"
    "&$select=id,displayName&$filter=ingestionSource%20eq%20%27custom%27"
)


def is_looked_up(kind: str) -> bool:
    """Return whether objects of this kind are looked up one by one; others are listed, or Graph cannot be asked."""
    return kind in _PATHS and not policy_types_of(kind)


def look_up_references(
    directory: TargetDirectory,
    references: Iterable[Reference],
    sources: Mapping[ObjectKey, SourceObject],
    mapped: Mapping[ObjectKey, str],
    *,
    is_last_try: bool = False,
) -> RequestSteps[None]:
    """Look up objects that no list holds: by id, by a mapping's id and by name. Fills `directory`.

    With the last try, an answer that cannot be had costs the reference that it is about, and no other.
    """
    directory.is_last_try = is_last_try
    keys = {(reference.kind, reference.id) for reference in references if is_looked_up(reference.kind)}
    keys |= {(kind, mapped[kind, graph_id]) for kind, graph_id in keys if (kind, graph_id) in mapped}
    # A text that is no id names no object; in a path, it would ask for something else.
    keys = {(kind, graph_id) for kind, graph_id in keys if paths.is_plain_id(graph_id)}
    yield from _look_up_ids(directory, sorted(keys))
    group_names = {sources.get(key, SourceObject()).name for key in keys if key[0] == GROUPS}
    names = sorted((GROUPS, name) for name in group_names if name and len(name) <= groups.LONGEST_NAME)
    yield from _look_up_group_names(directory, names)
    yield from _look_up_principals(directory, keys, sources)
    if any(kind == DEFINITIONS and (kind, graph_id) not in directory.by_id for kind, graph_id in keys):
        yield from _read_custom_definitions(directory)


def _look_up_ids(directory: TargetDirectory, keys: list[ObjectKey]) -> RequestSteps[None]:
    if not keys:
        return
    answers: list[Answer] = yield [_PATHS[kind](graph_id) for kind, graph_id in keys]
    for (kind, graph_id), answer in zip(keys, answers, strict=True):
        if not directory.has_answer((kind, graph_id), answer):
            continue
        body = answer.require_body()
        item = body["value"][0] if isinstance(body.get("value"), list) and body["value"] else body
        if kind != APPLICATIONS or body.get("value"):
            directory.by_id[kind, graph_id] = item.get("displayName") or item.get("userPrincipalName")


def _look_up_group_names(directory: TargetDirectory, names: list[ObjectKey]) -> RequestSteps[None]:
    if not names:
        return
    answers: list[Answer] = yield [groups.group_search_path(name) for _, name in names]
    for key, answer in zip(names, answers, strict=True):
        if not directory.has_answer(key, answer):
            continue
        listed = yield from follow_pages(answer.require_body())
        directory.by_name[key] = [(str(group.get("id")), group.get("displayName")) for group in listed]


def _look_up_principals(
    directory: TargetDirectory, wanted_keys: set[ObjectKey], sources: Mapping[ObjectKey, SourceObject]
) -> RequestSteps[None]:
    """Look up the target's service principals of the source's apps: only the app's id is the same in both."""
    apps = {sources[key].within for key in wanted_keys if key[0] == PRINCIPALS and key in sources}
    keys = sorted((PRINCIPALS, app) for app in apps if paths.is_plain_id(app))
    if not keys:
        return
    answers: list[Answer] = yield [
        f"/servicePrincipals?$filter=appId eq '{paths.quote_literal(app)}'&$select=id,appId,displayName"
        for _, app in keys
    ]
    for key, answer in zip(keys, answers, strict=True):
        if directory.has_answer(key, answer):
            listed = answer.require_body().get("value") or []
            directory.by_name[key] = [(str(principal.get("id")), principal.get("displayName")) for principal in listed]


def _read_custom_definitions(directory: TargetDirectory) -> RequestSteps[None]:
    """Read imported ADMX definitions. Each import gives them new ids, so they are known by name, class and category."""
    [answer] = yield [_CUSTOM]
    if not directory.has_answer((DEFINITIONS, ""), answer):
        return
    categories = yield from follow_pages(answer.require_body())
    definitions = [definition for category in categories for definition in category.get("definitions") or ()]
    for definition in definitions:
        directory.custom.setdefault((str(definition.get("displayName")), definition_scope(definition)), []).append(
            str(definition.get("id"))
        )
    yield from _read_presentations(directory, [str(definition.get("id")) for definition in definitions])


def _read_presentations(directory: TargetDirectory, ids: list[str]) -> RequestSteps[None]:
    if not ids:
        return
    answers: list[Answer] = yield [
        paths.join("/deviceManagement/groupPolicyDefinitions", definition_id, "presentations") for definition_id in ids
    ]
    for definition_id, answer in zip(ids, answers, strict=True):
        if not directory.has_answer((PRESENTATIONS, definition_id), answer):
            continue
        for presentation in (yield from follow_pages(answer.require_body())):
            key = (definition_id, str(presentation.get("label")))
            directory.presentations.setdefault(key, []).append(str(presentation.get("id")))
