"""The policies that a document tells of: which source they are from, and which of them somebody's wishes leave."""

from actors.document_sources.captured import (
    DocumentSource,
    MomentSource,
    SetSource,
    SourceEntry,
    SourcePolicy,
    TenantSource,
    TypeStanding,
)
from actors.document_sources.imported import ImportSource
from actors.documents.options import DocumentOptions, parse_day, parse_moment
from db.backups import backup_sets
from db.errors import Invalid
from db.imports import policy_imports
from db.models import BackupSet, PolicyImport, StandardAdoption, Tenant
from db.policies import policies
from db.standards import adoptions, standards
from db.states import SetState
from graph.display import labels


def narrowed(source: DocumentSource, options: DocumentOptions) -> list[SourceEntry]:
    """Return the entries that the options leave. Only for “assigned” are contents opened, one after the other."""
    entries = source.entries()
    if options.types:
        entries = [entry for entry in entries if entry.policy_type in options.types]
    if options.changed_since is not None:
        day = parse_day(options.changed_since)
        entries = [entry for entry in entries if entry.captured_at and entry.captured_at.date() >= day]
    if options.only_assigned:
        entries = [entry for entry, policy in source.policies(entries) if is_assigned(policy)]
    return entries


def is_assigned(policy: SourcePolicy) -> bool:
    """Return whether the policy reaches anybody. One that cannot be opened, or needs no assignment, is not left out."""
    if policy.content is None or policy.content.get("assignments") is None:
        return True
    return any(not labels.is_exclusion(assignment) for assignment in policy.content["assignments"])


def is_of_standing(standing: TypeStanding, options: DocumentOptions) -> bool:
    return not options.types or standing.policy_type in options.types


def source_of(tenant: Tenant, options: DocumentOptions) -> DocumentSource:
    """Return the source that the options name. Raises Invalid where it is gone, or of another tenant."""
    if options.backup_set is not None:
        return SetSource(set_of(tenant, options.backup_set))
    if options.at is not None:
        return MomentSource(tenant, parse_moment(options.at))
    if options.policy_import is not None:
        return ImportSource(import_of(tenant, options.policy_import))
    if options.policy is None:
        return TenantSource(tenant)
    chosen = policies.chosen(tenant, [options.policy])
    if not chosen:
        raise Invalid("The policy is no longer here.")
    return TenantSource(tenant, chosen[0])


def import_of(tenant: Tenant, number: int) -> PolicyImport:
    policy_import = policy_imports.find_of_tenant(tenant, number)
    if policy_import is None:
        raise Invalid(f"Import {number} is no longer here.")
    return policy_import


def set_of(tenant: Tenant, number: int) -> BackupSet:
    backup_set = backup_sets.find_of_tenant(tenant, number)
    if backup_set is None:
        raise Invalid(f"Backup set {number} is no longer here.")
    if backup_set.state == SetState.RUNNING:
        raise Invalid(f"Backup set {number} is still being made. Wait for its end.")
    return backup_set


def adoption_of(tenant: Tenant, standard_id: int) -> StandardAdoption:
    """Return how the tenant follows the standard. Raises Invalid where it does not."""
    standard = standards.find_by_id(standard_id)
    adoption = adoptions.find(standard, tenant) if standard else None
    if adoption is None:
        raise Invalid(f"{tenant.name} does not follow this standard.")
    return adoption
