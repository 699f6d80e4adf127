"""The answer to a GET: one tenant's truth, seen through the service's habits."""

import copy
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from graph.microsoft import model
from graph.simulator.audit import reading
from graph.simulator.audit.log import LOGS, record_read
from graph.simulator.features import app_parts, bins, enrollment_policies, memberships, tenant_wide
from graph.simulator.features.references import APPS
from graph.simulator.model import addressing, collections, conformance, observed_facts, odata, querying
from graph.simulator.model.collections import (
    AGREEMENTS,
    COLLECTIONS,
    DM,
    MANAGED_APP_POLICIES,
    NAVIGATION,
    SINGLES,
    Collection,
    allows,
    scopes,
)
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import (
    Refused,
    Reply,
    error,
    forbidden,
    intune_error,
    no_route,
    no_segment,
    not_found,
)
from graph.simulator.reads import admx_catalogue, definitions
from graph.simulator.store import approvals
from graph.simulator.store.state import Tenant

PAGE = 1000
# Nobody outside Microsoft knows how many policies are on a page of Conditional Access, nor whether it is always as
# many. Few: a client that trusts in one page, or reads the first again and again, shows at once.
CONDITIONAL_ACCESS_PAGE = 5
METADATA = "https://graph.microsoft.com/beta/$metadata"
SETTINGS_PAGE = 25  # the service's own default; a client that does not follow it loses settings
_SECRET_CALL = re.compile(r"getOmaSettingPlainTextValue\(secretReferenceValueId='(.*)'\)$", re.IGNORECASE)


def get(tenant: Tenant, granted: set[str], path: str, query: str, url: str) -> Reply:
    """`path` below the version; `url` is its absolute address, for page links."""
    parts = odata.segments(path)
    try:
        about_membership = memberships.read(tenant, granted, parts, query, url)
    except odata.BadQuery as e:
        return error(400, "BadRequest", str(e))
    return about_membership or _of_model(tenant, granted, parts, path, query, url)


def _of_model(tenant: Tenant, granted: set[str], parts: list[str], path: str, query: str, url: str) -> Reply:
    try:
        address = addressing.resolve(parts)
        querying.refuse_unknown(address, query)
        parts = tenant_wide.branding_address(tenant, parts)
    except addressing.UnknownSegment as e:
        return no_segment(e.segment)
    except odata.BadQuery as e:
        return error(400, "BadRequest", str(e))
    except Refused as e:
        return e.reply
    if [part.lower() for part in parts] == ["deviceappmanagement", "managedapppolicies"]:
        return _managed_app_policies(tenant, query, url)
    found = collection_of(_of_its_type(tenant, parts)) or unlisted(parts)
    if found is None:
        return _singleton(tenant, granted, path, address)
    collection, rest = found
    refusal = _refusal(tenant, collection, granted)
    if refusal:
        return refusal
    try:
        special = _SPECIAL.get(collection.path)
        if special:
            return special(tenant, collection.path, rest, query)
        return _answer(tenant, collection, rest, query, url)
    except odata.BadQuery as e:
        return error(400, "BadRequest", str(e))
    except Refused as e:
        return e.reply


# What is no plain collection.
_SPECIAL: dict[str, Callable[[Tenant, str, list[str], str], Reply]] = {
    f"{DM}/operationApprovalRequests": lambda tenant, _path, rest, _query: approvals.read(tenant, rest),
    f"{DM}/groupPolicyCategories": lambda tenant, _path, _rest, query: admx_catalogue.categories(tenant, query),
    tenant_wide.SETTINGS: lambda tenant, _path, _rest, _query: tenant_wide.settings(tenant),
    **dict.fromkeys(SINGLES, lambda tenant, path, _rest, query: tenant_wide.read_single(tenant, path, query)),
}


def collection_of(parts: list[str]) -> tuple[Collection, list[str]] | None:
    for length in range(min(len(parts), 4), 0, -1):
        row = COLLECTIONS.get("/".join(parts[:length]).lower())
        if row:
            return row, parts[length:]
    return None


def _of_its_type(tenant: Tenant, parts: list[str]) -> list[str]:
    """Answer a managed app policy that is read below the set of its type."""
    if [part.lower() for part in parts[:2]] != ["deviceappmanagement", "managedapppolicies"]:
        return parts
    held = next((path for path in MANAGED_APP_POLICIES if tenant.held(path, parts[2])), None)
    return [*held.split("/"), *parts[2:]] if held else parts


def _context(url: str) -> str:
    return re.sub(r"/(beta|v1\.0)/", r"/\1/$metadata#", url, count=1)


def unlisted(parts: list[str]) -> tuple[Collection, list[str]] | None:
    """A collection of Microsoft's that has no row: what was put there is read there."""
    for length in range(1, len(parts) + 1):
        path = "/".join(parts[:length])
        if addressing.resolve(parts[:length]).is_many:
            return collections.by_the_model(path), parts[length:]
    return None


def _singleton(tenant: Tenant, granted: set[str], path: str, address: addressing.Address) -> Reply:
    """The one object that is at a path, where one was put; below it, one of its properties."""
    row = collections.by_the_model(path)
    refusal = _refusal(tenant, row, granted)
    if refusal:
        return refusal
    held = next((item for _, item in tenant.visible(path)), None)
    if held is not None:
        return Reply(200, read_object(row, held, ""))
    return not_found(path) if address.type or address.route else no_route(path)


def _refusal(tenant: Tenant, collection: Collection, granted: set[str]) -> Reply | None:
    if collection.path in tenant.flags.get("not_offered", ()):
        return no_segment(collection.path.rpartition("/")[2])
    if tenant.flags.get("no_intune") and collection.path.startswith("device"):
        return error(400, "BadRequest", "Request not applicable to target tenant.")
    if not allows(collection, granted):
        return forbidden(scopes(collection), is_directory=collection.is_directory)
    return None


def _answer(tenant: Tenant, collection: Collection, rest: list[str], query: str, url: str) -> Reply:
    if collection.path in LOGS:
        return reading.read(tenant, collection.path, rest, query, url)
    if collection.path in definitions.LISTS:
        return definitions.read(tenant, collection.path, rest, query, url)
    bins.refuse(tenant, collection.path)
    rest = bins.without_cast(collection.path, rest)
    if not rest:
        return _list(tenant, collection, query, url)
    record_read(tenant, collection.path, rest[0])
    item = dict(tenant.visible(collection.path)).get(rest[0])
    if item is None:
        return not_found(rest[0])
    if len(rest) == 1:
        return Reply(200, read_object(collection, item, query))
    return _below(tenant, collection, item, rest[1:], query, url)


def _list(tenant: Tenant, collection: Collection, query: str, url: str) -> Reply:
    record_read(tenant, collection.path, "")
    query_options = odata.options(query)
    items = [item for _, item in tenant.visible(collection.path)]
    if "filter" in query_options:
        items = [item for item in items if odata.matches(item, query_options["filter"])]
    usual = CONDITIONAL_ACCESS_PAGE if collection.path.startswith("identity/conditionalAccess") else PAGE
    page = odata.page(items, query, url, int(tenant.flags.get("page_size", usual)))
    expand = odata.expansions(query_options.get("expand", ""))
    if "assignments" in expand and not collection.expands_in_list:
        return error(400, "BadRequest", "Expanding assignments is not supported on this collection.")
    page["value"] = [_listed(collection, item, query_options.get("select", ""), expand) for item in page["value"]]
    return Reply(200, {"@odata.context": _context(url), **page})


def _listed(collection: Collection, item: Object, select: str, expand: dict[str, str]) -> Object:
    shown = _shown(collection, item, select)
    for name, inner in expand.items():
        _expand(collection, item, shown, name, inner)
    shown.update({name: None for name in collection.null_in_list if name in shown})
    shown.update({name: [] for name in collection.empty_in_list if name in shown})
    return odata.selected(shown, select)


def read_object(collection: Collection, item: Object, query: str) -> Object:
    query_options = odata.options(query)
    shown = _shown(collection, item, query_options.get("select", ""))
    for name, inner in odata.expansions(query_options.get("expand", "")).items():
        _expand(collection, item, shown, name, inner)
    return {
        "@odata.context": f"{METADATA}#{collection.path}/$entity",
        **odata.selected(shown, query_options.get("select", "")),
    }


def _expand(collection: Collection, item: Object, shown: Object, name: str, inner: str) -> None:
    if name == "privacyAccessControls":
        shown[name] = copy.deepcopy(item.get(name, []))
        return
    navigation = observed_facts.properties(conformance.type_at(collection.path, item)).get(name)
    if name not in collection.expands and (navigation is None or name == "assignments"):
        raise odata.BadQuery(f"Could not find a property named '{name}' on type 'microsoft.graph.entity'.")
    default: Any = [] if navigation is None or navigation.is_many else None
    value = item.get(name, default)
    shown[name] = [_child(name, child, inner) for child in value] if isinstance(value, list) else copy.deepcopy(value)
    # almenscorner/IntuneCD reads there whose assignments they are.
    cast = f"/microsoft.graph.{conformance.stated_type(item)}" if collection.polymorphic else ""
    shown[f"{name}@odata.context"] = f"{METADATA}#{collection.path}('{item.get('id')}'){cast}/{name}"


def _shown(collection: Collection, item: Object, select: str) -> Object:
    chosen = {name.strip().lower() for name in select.split(",")}
    hidden = (
        collection.children
        | NAVIGATION
        | {property_name for property_name in collection.only_selected if property_name.lower() not in chosen}
    )
    shown = {key: copy.deepcopy(value) for key, value in item.items() if key not in hidden and "@odata." not in key}
    if collection.polymorphic and "@odata.type" in item:
        shown["@odata.type"] = item["@odata.type"]
    for setting in shown.get("omaSettings") or ():
        if setting.get("isEncrypted"):
            setting["value"] = "****"
    return shown


def _child(name: str, child: Any, expand: str) -> Any:
    """Return one element of a child list as its own rules show it."""
    if not isinstance(child, dict):
        return child
    expanded = odata.expansions(odata.options(expand).get("expand", "")) if expand else {}
    nested = {"definition", "presentationValues", "presentation", "scheduledActionConfigurations", "settingDefinitions"}
    shown = {key: copy.deepcopy(value) for key, value in child.items() if key not in nested or key in expanded}
    if name == "scheduledActionsForRule":
        shown["ruleName"] = None
    if "fileData" in shown:
        shown["fileData"] = None
    if name == "assignments" and "runRemediationScript" in shown:
        shown["runRemediationScript"] = False
    if name == "localizedNotificationMessages":
        shown["lastModifiedDateTime"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    return shown


def _below(tenant: Tenant, collection: Collection, item: Object, rest: list[str], query: str, url: str) -> Reply:
    if collection.path == AGREEMENTS and rest[0].lower() == "file":
        return tenant_wide.agreement_file(item, rest)
    secret = _SECRET_CALL.match(rest[0])
    if secret:
        return _plain_text(tenant, item, secret[1])
    if rest[0].lower().startswith("microsoft.graph.") and len(rest) == 2:
        return _navigation(item, *rest)
    if collection.path in enrollment_policies.JOINING and rest == ["retrieveEnrollmentTimeDeviceMembershipTarget"]:
        return enrollment_policies.device_groups(tenant, item)
    if collection.path == APPS and rest == ["relationships"]:
        item = {**item, "relationships": app_parts.relationships(tenant, item)}
    name = next((child for child in collection.routes if child.lower() == rest[0].lower()), None)
    name = name or _by_its_type(collection, item, rest[0])
    if name is None:
        return no_route("/".join(rest))
    value = item.get(name, [])
    if value is None or isinstance(value, str):
        return Reply(200, value) if value else not_found(name)  # a file, in base64
    if isinstance(value, dict):
        return Reply(200, {"@odata.context": _context(url), **copy.deepcopy(value)})
    if len(rest) > 1:
        return _grandchild(name, value, rest[1:], query, url)
    return _child_page(name, value, query, url)


def _by_its_type(collection: Collection, item: Object, segment: str) -> str | None:
    """Answer what Microsoft's model has below such an object. That assignments can be read there, only a row says."""
    known = observed_facts.properties(conformance.type_at(collection.path, item))
    declared = next((candidate for name, candidate in known.items() if name.lower() == segment.lower()), None)
    return declared.name if declared and declared.kind == "object" and declared.name != "assignments" else None


def _child_page(name: str, value: list[Any], query: str, url: str) -> Reply:
    page = odata.page(value, query, url, SETTINGS_PAGE if name == "settings" else PAGE)
    page["value"] = [_child(name, child, query) for child in page["value"]]
    return Reply(200, {"@odata.context": _context(url), **page})


def _grandchild(name: str, value: list[Any], rest: list[str], query: str, url: str) -> Reply:
    child = next((candidate for candidate in value if str(candidate.get("id")) == rest[0]), None)
    if child is None:
        return not_found(rest[0])
    if len(rest) == 1:
        return Reply(200, _child(name, child, query))
    return _child_page(rest[1], child.get(rest[1], []), query, url)


def _plain_text(tenant: Tenant, item: Object, reference: str) -> Reply:
    if tenant.flags.get("secrets_forbidden"):
        return intune_error(403, "Forbidden", "Application is not authorized to perform this operation.")
    for setting in item.get("omaSettings") or ():
        if setting.get("secretReferenceValueId") == reference.replace("''", "'"):
            return Reply(200, {"@odata.context": f"{METADATA}#Edm.String",
                               "value": setting["value"]})  # fmt: skip
    return not_found(reference)


def _navigation(item: Object, cast: str, name: str) -> Reply:
    """Answer a navigation of the object's own type that Microsoft's model has: 400 for any other, 404 where it is
    empty.
    """
    kind = cast.partition("microsoft.graph.")[2]
    known = model.properties(kind).get(name)
    if kind != str(item.get("@odata.type")).removeprefix("#microsoft.graph.") or known is None:
        return error(400, "BadRequest", f"Resource not found for the segment '{name}'.")
    value = item.get(name, [] if known.is_many else None)
    if value is None:
        return not_found(name)
    return Reply(200, {"value": copy.deepcopy(value)} if isinstance(value, list) else copy.deepcopy(value))


def _managed_app_policies(tenant: Tenant, query: str, url: str) -> Reply:
    if "filter" in odata.options(query):
        return error(400, "BadRequest", "Invalid filter clause")
    items = [
        {
            "@odata.type": f"{model.PREFIX}{conformance.type_at(path, item)}",
            **_shown(COLLECTIONS[path.lower()], item, ""),
        }
        for path in MANAGED_APP_POLICIES
        for _, item in tenant.visible(path)
    ]
    page = odata.page(items, query, url, PAGE)
    page["value"] = [odata.selected(item, odata.options(query).get("select", "")) for item in page["value"]]
    return Reply(200, {"@odata.context": _context(url), **page})
