"""Ignored fields: places in the policies of a type in which a difference is no change, in a tenant or in all.

Undo is the other verb. Both let the changes of that type be assessed again.
"""

from collections.abc import Sequence

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.changes import assessed
from db.clock import utcnow
from db.database import lock_rows, transaction
from db.errors import Invalid
from db.models import Change, IgnoredField, Tenant
from db.sql.value_lists import is_in_if_given

LONGEST_PATH = 500
# The whole body, all assignments: a policy in which nothing counts is not watched at all.
_WHOLE = ("", "*", "body", "assignments", "*/*", "body/*", "assignments/*")


def of_tenant(tenant: Tenant | int, policy_type: str) -> list[IgnoredField]:
    """Return what is ignored of a policy type in a tenant: its own, and what is ignored everywhere."""
    is_here = IgnoredField.tenant.is_null() | (IgnoredField.tenant == tenant)
    rows = IgnoredField.select().where((IgnoredField.policy_type == policy_type) & is_here)
    return list(rows.order_by(IgnoredField.id))


def all_of(tenant: Tenant | None) -> list[IgnoredField]:
    """Return the ignored fields that a tenant added, or those of every tenant (None)."""
    where = IgnoredField.tenant.is_null() if tenant is None else IgnoredField.tenant == tenant
    return list(IgnoredField.select().where(where).order_by(IgnoredField.policy_type, IgnoredField.path))


def seen_by(tenant_ids: Sequence[int] | None) -> list[IgnoredField]:
    """Return what is ignored in every tenant, and in these; None: in all."""
    is_seen = IgnoredField.tenant.is_null() | is_in_if_given(IgnoredField.tenant, tenant_ids)
    query = IgnoredField.select(IgnoredField, Tenant).join(Tenant, pw.JOIN.LEFT_OUTER).where(is_seen)
    return list(query.order_by(IgnoredField.policy_type, IgnoredField.path, IgnoredField.id))


def find(field_id: int) -> IgnoredField | None:
    field: IgnoredField | None = IgnoredField.get_or_none(IgnoredField.id == field_id)
    return field


def add_of_change(change: Change, path: str, actor: Actor) -> IgnoredField:
    """Ignore one of the places in which the change differs, in its tenant. Raises Invalid for any other place."""
    if path not in [difference["path"] for difference in change.differences or ()]:
        raise Invalid("That is none of its differences.")
    return add(change.tenant, change.policy.policy_type, path, actor)


@transaction
def add(tenant: Tenant | None, policy_type: str, path: str, actor: Actor) -> IgnoredField:
    """Ignore this place from now on. One that is ignored already stays as it is. Raises Invalid for a whole policy.

    `path`: as a change's differences have it.
    """
    path = path.replace("\x00", "").strip()
    if path in _WHOLE:
        raise Invalid("Choose a place inside the policy: without any, nothing that changes in it would be told.")
    if len(path) > LONGEST_PATH:
        raise Invalid("This place has too long a name to be kept.")
    if tenant is not None:
        lock_rows(Tenant, Tenant.id == tenant.id)
    known = _find(tenant, policy_type, path)
    if known is not None:
        return known
    row = {"policy_type": policy_type, "path": path, "added_by": actor.user_id, "added_at": utcnow()}
    added: IgnoredField = IgnoredField.create(tenant=tenant, **row)
    _audit(Action.IGNORED_FIELD_ADDED, actor, tenant, policy_type, path)
    assessed.assess_again(tenant, policy_type)
    return added


def _find(tenant: Tenant | None, policy_type: str, path: str) -> IgnoredField | None:
    is_here = IgnoredField.tenant.is_null() if tenant is None else IgnoredField.tenant == tenant
    is_it = (IgnoredField.policy_type == policy_type) & (IgnoredField.path == path)
    row: IgnoredField | None = IgnoredField.get_or_none(is_here & is_it)
    return row


@transaction
def remove(field: IgnoredField, actor: Actor) -> bool:
    """Let this place count again. Return False if somebody else has removed it."""
    tenant = field.tenant if field.tenant_id else None
    if not IgnoredField.delete().where(IgnoredField.id == field.id).execute():
        return False
    _audit(Action.IGNORED_FIELD_REMOVED, actor, tenant, field.policy_type, field.path)
    assessed.assess_again(tenant, field.policy_type)
    return True


def _audit(action: Action, actor: Actor, tenant: Tenant | None, policy_type: str, path: str) -> None:
    audit.record(action, actor, f"ignored field of {policy_type}", tenant=tenant, policy_type=policy_type, path=path)
