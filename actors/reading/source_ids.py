"""The ids of the tenant that a backup is from: the objects behind them, and the tenant's own ids and domains."""

from collections.abc import Mapping

from db.models import Restore, RestoreItem, Tenant
from db.policies import policies
from db.runs import name_cache
from db.tenants import tenants
from graph.content.normalise import ZERO_GUID
from graph.content.spellings import GUID
from graph.errors import Rejected
from graph.read.directory_names import PRINCIPAL_NAMES
from graph.references.reference_kinds import DIRECTORIES, DOMAINS, GROUPS, PRINCIPALS
from graph.restore.resolver import TenantNames, names_in_content
from graph.restore.target_directory import ObjectKey, SourceObject
from graph.transport.client import GraphClient
from graph.transport.pages import page_items
from graph.write.write_requests import PolicyContent

# How the names of a directory are kept -> the kind of reference.
_KINDS = {"groups": GROUPS, "filters": "assignmentFilters"}


def known_sources(directory_id: str) -> dict[ObjectKey, SourceObject]:
    """Return every policy that a tenant of ours has or had, and the directory objects whose names were seen."""
    tenant = tenants.find_by_directory_id(directory_id)
    if tenant is None:
        return {}
    sources_by_key: dict[ObjectKey, SourceObject] = {}
    for kind, object_id, name in name_cache.known_names(tenant):
        if kind == "principals":
            sources_by_key |= principal_sources({object_id: name})
        elif kind != PRINCIPAL_NAMES:
            sources_by_key[_KINDS.get(kind, kind), object_id] = SourceObject(name)
    for policy_type, graph_id, name, odata_type, platform in policies.ever_known(tenant):
        sources_by_key[policy_type, graph_id] = SourceObject(name, odata_type, platform)
        if policy_type.endswith("ManagedAppProtections"):
            sources_by_key["managedAppProtections", graph_id] = sources_by_key[policy_type, graph_id]
    return sources_by_key


def sources_named_by(item: RestoreItem, content: PolicyContent) -> dict[ObjectKey, SourceObject]:
    """Return what an item's snapshot itself says of its policy, and of what that refers to."""
    own = {(item.policy_type, item.graph_id): SourceObject(item.name, content["body"].get("@odata.type"))}
    return own | sources_in(item.policy_type, item.references, content)


def sources_in(
    policy_type: str, references: Mapping[str, Mapping[str, str | None]], content: PolicyContent
) -> dict[ObjectKey, SourceObject]:
    """Return what a content and its `references` (graph/read/readings.py) say of the objects that it refers to."""
    sources_by_key = names_in_content(policy_type, content)
    # Of what is no policy, and of policies whose names only the file knows.
    for key in references.keys() - {"principals", PRINCIPAL_NAMES}:
        kind, names = _KINDS.get(key, key), references.get(key) or {}
        sources_by_key |= {(kind, object_id): SourceObject(name) for object_id, name in names.items() if name}
    return sources_by_key | principal_sources(references.get("principals") or {})


def principal_sources(apps: Mapping[str, str | None]) -> dict[ObjectKey, SourceObject]:
    """Return the service principals, each known by its app's id. `apps`: id of the principal -> id of its app."""
    return {(PRINCIPALS, object_id): SourceObject(within=app) for object_id, app in apps.items() if app}


def own_names(restore: Restore) -> TenantNames:
    """Return the names that source and target tenant are known by, and which domain stands for which.

    The initial domain stands for the initial one, the default for the default. The others stand for none, which the
    plan then says.
    """
    source, target = str(restore.source_directory_id), str(restore.tenant.directory_id)
    theirs = {sort: domain for domain, sort in name_cache.domains_of_directory(target).items()}
    by_sort = {sort: theirs.get(sort, "") for sort in (name_cache.INITIAL, name_cache.DEFAULT)}
    domains = {domain: by_sort.get(sort, "") for domain, sort in name_cache.domains_of_directory(source).items()}
    return TenantNames(source, target, domains)


def save_domains(tenant: Tenant, graph: GraphClient) -> None:
    """Save the tenant's domains, if the app may read them. Raises an error that another try may mend."""
    try:
        page = graph.get("/organization?$select=id,verifiedDomains")
    except Rejected:
        return
    verified = [domain for organization in page_items(page) for domain in organization.get("verifiedDomains") or ()]
    listed = [domain for domain in verified if isinstance(domain, dict)]
    name_cache.save_domains(tenant, {str(domain.get("name") or "").lower(): _sort(domain) for domain in listed})


def _sort(domain: Mapping[str, object]) -> str:
    if domain.get("isInitial"):
        return name_cache.INITIAL
    return name_cache.DEFAULT if domain.get("isDefault") else name_cache.VERIFIED


def kinds_by_id(sources: Mapping[ObjectKey, SourceObject], own: TenantNames) -> dict[str, str]:
    """Return {id in lower case: kind} of everything that an id in a value may mean, the source's own names included."""
    guids = [(kind, object_id) for kind, object_id in sources if GUID.search(object_id) and object_id != ZERO_GUID]
    kinds = {object_id.lower(): kind for kind, object_id in guids}
    own_kinds = {own.source.lower(): DIRECTORIES} if own.source else {}
    return {**kinds, **own_kinds, **dict.fromkeys(own.domains, DOMAINS)}
