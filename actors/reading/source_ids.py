"""What is known of the tenant that a backup is from: the objects behind its ids, and what it is itself known by."""

from collections.abc import Mapping

from db.models import DirectoryName, Policy, Restore, RestoreItem, Tenant
from db.runs import name_cache
from graph.content.normalise import ZERO_GUID
from graph.content.spellings import GUID
from graph.errors import Rejected
from graph.references.reference_kinds import DIRECTORIES, DOMAINS, GROUPS, PRINCIPALS
from graph.restore.resolver import TenantNames, names_in_content
from graph.restore.target_directory import ObjectKey, SourceObject
from graph.transport.client import GraphClient
from graph.transport.pages import page_items
from graph.write.write_requests import PolicyContent

# How the names of a directory are kept -> the kind of reference.
_KINDS = {"groups": GROUPS, "filters": "assignmentFilters"}


def sources(directory_id: str) -> dict[ObjectKey, SourceObject]:
    """Of a tenant of ours: every policy that it has or had, and the groups and filters that anybody has seen."""
    tenant = Tenant.get_or_none(Tenant.directory_id == directory_id)
    if tenant is None:
        return {}
    found: dict[ObjectKey, SourceObject] = {}
    names = DirectoryName.select(DirectoryName.kind, DirectoryName.object_id, DirectoryName.name).where(
        (DirectoryName.tenant == tenant) & (DirectoryName.kind << name_cache.KINDS) & DirectoryName.name.is_null(False)
    )
    for kind, one, name in names.tuples():
        if kind == "principals":
            found |= principals({one: name})
        else:
            found[_KINDS.get(kind, kind), one] = SourceObject(name)
    rows = Policy.select(Policy.policy_type, Policy.graph_id, Policy.name, Policy.odata_type, Policy.platform).where(
        Policy.tenant == tenant
    )
    for policy_type, graph_id, name, odata_type, platform in rows.tuples():
        found[policy_type, graph_id] = SourceObject(name, odata_type, platform)
        if policy_type.endswith("ManagedAppProtections"):
            found["managedAppProtections", graph_id] = found[policy_type, graph_id]
    return found


def said_by(item: RestoreItem, content: PolicyContent) -> dict[ObjectKey, SourceObject]:
    """What an item's snapshot itself says of its policy, and of what that refers to."""
    found = {(item.policy_type, item.graph_id): SourceObject(item.name, content["body"].get("@odata.type"))}
    found |= names_in_content(item.policy_type, content)
    for kind, key in ((GROUPS, "groups"), ("assignmentFilters", "filters")):
        names = item.references.get(key) or {}
        found |= {(kind, one): SourceObject(name) for one, name in names.items() if name}
    return found | principals(item.references.get("principals") or {})


def principals(apps: Mapping[str, str | None]) -> dict[ObjectKey, SourceObject]:
    """Service principals, by the id of the app that each is of."""
    return {(PRINCIPALS, one): SourceObject(within=app) for one, app in apps.items() if app}


def own_names(restore: Restore) -> TenantNames:
    """The first domain stands for the first one, the default for the default; what stands for the others is not said:
    it is told.
    """
    source, target = str(restore.source_directory_id), str(restore.tenant.directory_id)
    theirs = {sort: one for one, sort in name_cache.domains_of_directory(target).items()}
    of_sort = {name_cache.INITIAL: theirs.get(name_cache.INITIAL, ""),
               name_cache.DEFAULT: theirs.get(name_cache.DEFAULT, "")}  # fmt: skip
    domains = {one: of_sort.get(sort, "") for one, sort in name_cache.domains_of_directory(source).items()}
    return TenantNames(source, target, domains)


def remember_domains(tenant: Tenant, graph: GraphClient) -> None:
    """Keep what the tenant's domains are, where the app may read them. Raises the error that another try may mend."""
    try:
        found = graph.get("/organization?$select=id,verifiedDomains")
    except Rejected:
        return
    listed = [one for each in page_items(found) for one in each.get("verifiedDomains") or () if isinstance(one, dict)]
    name_cache.save_domains(tenant, {str(one.get("name") or "").lower(): _sort(one) for one in listed})


def _sort(domain: Mapping[str, object]) -> str:
    if domain.get("isInitial"):
        return name_cache.INITIAL
    return name_cache.DEFAULT if domain.get("isDefault") else name_cache.VERIFIED


def known(sources: Mapping[ObjectKey, SourceObject], own: TenantNames) -> dict[str, str]:
    """Id, in small letters -> kind, of all that an id in a value may mean; of `own`, what only the source is."""
    found = {one.lower(): kind for kind, one in sources if GUID.search(one) and one != ZERO_GUID}
    is_of_another = {own.source.lower(): DIRECTORIES} if own.source else {}
    return {**found, **is_of_another, **dict.fromkeys(own.domains, DOMAINS)}
