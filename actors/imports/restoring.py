"""Drafts of restores from an import: the usual plan and mappings, into any tenant."""

from collections.abc import Collection, Mapping
from typing import Any

from actors.facade.foreign_formats import format_words
from db.audit.audit import Actor
from db.errors import Invalid
from db.imports import policy_imports
from db.models import ImportedPolicy, PolicyImport, Restore, Tenant
from db.restores import restore_drafts
from db.restores.restore_drafts import NewRestoreItem, RestoreSource
from graph.references.reference_kinds import GROUPS
from graph.restore.options import COPY, GROUPS_WITH_MEMBERS, NO_GROUPS, NONE, REPORT_ONLY

# How a public baseline is tried out: beside what is there, seen by nobody.
BASELINE: Mapping[str, str] = {"conditional_access": REPORT_ONLY, "assignments": NONE, "existing": COPY}


def from_import(
    policy_import: PolicyImport,
    tenant: Tenant,
    options: Mapping[str, Any],
    actor: Actor,
    *,
    policy_ids: Collection[int] = (),
) -> Restore:
    """Draft a restore of the whole import, or of some of its policies. Raises Invalid."""
    if policy_import.kept_at is None:
        raise Invalid("Keep the import first: then it can be restored.")
    if options["groups"] == GROUPS_WITH_MEMBERS:
        raise Invalid("An import has no members of groups. Create the groups without members.")
    policies = policy_imports.policies_of(policy_import)
    chosen = [policy for policy in policies if not policy_ids or policy.id in policy_ids]
    _require_filled_in(chosen)
    wanted = {group for policy in chosen for group in policy.references.get("groups") or {}}
    wanted = wanted if options["groups"] != NO_GROUPS else set()
    chosen = [policy for policy in chosen if policy.policy_type != GROUPS or policy.graph_id in wanted]
    source = RestoreSource(policy_import.source_directory_id, source_name(policy_import))
    items = [_item(policy) for policy in chosen]
    return restore_drafts.create(tenant, source, items, options, actor, file_says=_says(policy_import))


def _require_filled_in(policies: Collection[ImportedPolicy]) -> None:
    unfilled = [policy for policy in policies if policy.placeholders]
    if unfilled:
        first = unfilled[0]
        more = f", and {len(unfilled) - 1} more policies" if len(unfilled) > 1 else ""
        raise Invalid(
            f"Fill in the placeholders first, or leave these policies out: “{first.name[:80]}” has "
            f"{first.placeholders[0][:60]}{more}."
        )


def source_name(policy_import: PolicyImport) -> str:
    """Return what a plan calls the source: never a capture."""
    return f"“{policy_import.name[:100]}”, imported and not captured, from {format_words(policy_import.formats)}"[:255]


def _item(policy: ImportedPolicy) -> NewRestoreItem:
    return NewRestoreItem(
        policy.policy_type,
        policy.graph_id,
        policy.name,
        policy.chosen_content_id,
        policy.references,
        file_says={"name": policy.name, **policy.references},
    )


def _says(policy_import: PolicyImport) -> dict[str, str]:
    return {"tenant": policy_import.organisation, "directory_id": policy_import.source_directory_id}
