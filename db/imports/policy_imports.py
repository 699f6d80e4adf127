"""Imports: made by a run, kept by a person, removed by a person. Their contents lie sealed beside the tenant's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database, lock_rows, transaction
from db.errors import Invalid
from db.models import ImportedPolicy, PolicyImport, Run, Tenant
from db.policies import snapshots
from db.sql.value_lists import batched, is_in

# An import that nobody keeps goes after so long.
MAX_AGE_UNKEPT = timedelta(days=7)
# So many files that are no policy are kept by name.
MOST_FILES_KEPT = 2000
MAX_NAME_LENGTH = 200


@dataclass(frozen=True)
class NewImportedPolicy:
    """A policy to be added. Its fields are columns of ImportedPolicy."""

    path: str
    format: str
    policy_type: str
    graph_id: str
    name: str
    content: int
    other_content: int | None
    references: Mapping[str, Any]
    findings: Sequence[Mapping[str, str]]
    placeholders: Sequence[str]


def create(run: Run, new: Sequence[NewImportedPolicy], **facts: Any) -> PolicyImport:
    """Make the import of a run, in the run's own transaction. `facts`: its other columns."""
    policy_import = PolicyImport.create(
        tenant=run.tenant_id,
        run=run,
        created_by=run.requested_by_id,
        policy_count=len(new),
        **{**facts, "name": clean_name(facts["name"]), "files": facts["files"][:MOST_FILES_KEPT]},
    )
    rows = [{**vars(policy), "policy_import": policy_import.id, "position": n} for n, policy in enumerate(new)]
    for some in batched(rows, 200):
        ImportedPolicy.insert_many(some).execute()
    return policy_import


def clean_name(name: str) -> str:
    return " ".join(name.replace("\x00", "").split())[:MAX_NAME_LENGTH]


def find_of_run(run: Run) -> PolicyImport | None:
    found: PolicyImport | None = PolicyImport.get_or_none(PolicyImport.run == run)
    return found


def find_of_tenant(tenant: Tenant, number: int) -> PolicyImport | None:
    is_it = (PolicyImport.id == number) & (PolicyImport.tenant == tenant)
    found: PolicyImport | None = PolicyImport.get_or_none(is_it)
    return found


def newest(tenant_ids: Sequence[int] | None, limit: int, offset: int = 0) -> list[PolicyImport]:
    """Return imports of these tenants, newest first, each with its tenant. None: of every tenant."""
    query = PolicyImport.select(PolicyImport, Tenant).join(Tenant).order_by(PolicyImport.id.desc())
    if tenant_ids is not None:
        query = query.where(is_in(PolicyImport.tenant, tenant_ids))
    return list(query.limit(limit).offset(offset))


def policies_of(policy_import: PolicyImport, limit: int | None = None, offset: int = 0) -> list[ImportedPolicy]:
    query = ImportedPolicy.select().where(ImportedPolicy.policy_import == policy_import)
    return list(query.order_by(ImportedPolicy.position).limit(limit).offset(offset))


def chosen(policy_import: PolicyImport, ids: Sequence[int]) -> dict[int, ImportedPolicy]:
    """Return those of these policies that are in the import, by id."""
    query = ImportedPolicy.select().where(ImportedPolicy.policy_import == policy_import)
    return {policy.id: policy for policy in query.where(is_in(ImportedPolicy.id, ids))}


def policy_types(policy_import: PolicyImport) -> set[str]:
    query = ImportedPolicy.select(ImportedPolicy.policy_type).where(ImportedPolicy.policy_import == policy_import)
    return {row[0] for row in query.distinct().tuples()}


@transaction
def keep(policy_import: PolicyImport, name: str, actor: Actor) -> None:
    """Keep it under this name. Raises Invalid without a name, or when it holds no policy or has gone."""
    name = clean_name(name)
    if not name:
        raise Invalid("Give it a name by which people will know it.")
    if not policy_import.policy_count:
        raise Invalid("It holds no policy that could be kept.")
    values = {PolicyImport.name: name, PolicyImport.kept_at: policy_import.kept_at or utcnow()}
    _change(policy_import, values)
    facts = {"name": name, "policies": policy_import.policy_count}
    audit.record(Action.IMPORT_KEPT, actor, f"{policy_import}", tenant=policy_import.tenant, **facts)


def _change(policy_import: PolicyImport, values: Mapping[Any, Any]) -> None:
    if PolicyImport.update(dict(values)).where(PolicyImport.id == policy_import.id).execute() != 1:
        raise Invalid("This import is gone: somebody removed it, or nobody kept it for a week.")


@transaction
def remove(policy_import: PolicyImport, actor: Actor) -> None:
    """Remove it with its policies. Their contents go with the next clean-up, unless a restore needs them."""
    facts = {"name": policy_import.name, "policies": policy_import.policy_count}
    if PolicyImport.delete().where(PolicyImport.id == policy_import.id).execute() != 1:
        return
    audit.record(Action.IMPORT_REMOVED, actor, f"{policy_import}", tenant=policy_import.tenant, **facts)


@transaction
def take_other(policy: ImportedPolicy, takes_other: bool, actor: Actor) -> None:
    """Choose the script in the policy, or that in the file beside it. Raises Invalid where there is but one."""
    if policy.other_content_id is None:
        raise Invalid("There is no file beside this policy that differs from it.")
    ImportedPolicy.update(takes_other=takes_other).where(ImportedPolicy.id == policy.id).execute()
    _record_change(policy.policy_import, f"the script of “{policy.name[:80]}”", actor)


def fill_in(policy_import: PolicyImport, filled: Mapping[int, Mapping[str, Any]], actor: Actor) -> None:
    """Save policies whose placeholders somebody filled in. `filled`: {imported policy id: its new columns}."""
    with database.atomic():
        lock_rows(PolicyImport, PolicyImport.id == policy_import.id)
        for policy_id, columns in filled.items():
            ImportedPolicy.update(dict(columns)).where(ImportedPolicy.id == policy_id).execute()
        _record_change(policy_import, f"the placeholders of {len(filled)} policies", actor)


def _record_change(policy_import: PolicyImport, changed: str, actor: Actor) -> None:
    facts = {"name": policy_import.name, "changed": changed}
    audit.record(Action.IMPORT_CHANGED, actor, f"{policy_import}", tenant=policy_import.tenant, **facts)


def read(policy: ImportedPolicy) -> dict[str, Any]:
    """Return the chosen document: {"body": {...}, "assignments": [...] or None}. Raises SealError."""
    return snapshots.read_content(policy.chosen_content_id)


def delete_old(limit: int) -> int:
    """Delete imports that nobody kept. Return how many."""
    is_old = PolicyImport.kept_at.is_null() & (PolicyImport.created_at < utcnow() - MAX_AGE_UNKEPT)
    ids = [row[0] for row in PolicyImport.select(PolicyImport.id).where(is_old).limit(limit).tuples()]
    if not ids:
        return 0
    return int(PolicyImport.delete().where(PolicyImport.id.in_(ids) & PolicyImport.kept_at.is_null()).execute())
