"""Adoptions: which tenants follow a standard, in which ring, and with which values of its parameters.

Adopting writes nothing to a tenant, and leaving takes nothing away: only a roll-out does something there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import lock_rows, lock_rows_shared, transaction
from db.errors import Invalid
from db.models import Standard, StandardAdoption, StandardException, StandardVersion, Tenant
from db.sql.value_lists import is_in, is_in_if_given
from db.standards import standard_changes
from db.standards.standards import subject
from db.states import Ring
from db.tenants.tenants import lock_switched_on


@transaction
def adopt(
    standard: Standard, tenant: Tenant, ring: Ring, actor: Actor, *, folded_tag: str | None = None
) -> StandardAdoption:
    """Let the tenant follow the standard, in this ring. Raises Invalid and SwitchedOff.

    One that follows already gets the ring. Who follows by a tag, and is named by a person, follows without it too.
    """
    lock_switched_on(tenant, even_off=True)
    _require_in_use(standard)
    known = find(standard, tenant)
    if known is not None:
        if folded_tag is None:
            _set(known, {"ring": ring, "folded_tag": None}, actor)
        return known
    adoption: StandardAdoption = StandardAdoption.create(
        standard=standard,
        tenant=tenant,
        ring=ring,
        values={},
        folded_tag=folded_tag,
        adopted_by=actor.user_id,
        counts={},
        due_since=utcnow(),
    )
    _record(Action.STANDARD_ADOPTED, adoption, actor, ring=str(ring), tag=folded_tag)
    return adoption


def _require_in_use(standard: Standard) -> None:
    lock_rows_shared(Standard, Standard.id == standard.id)
    now = Standard.get_or_none(Standard.id == standard.id)
    if now is None or now.archived_at is not None:
        raise Invalid(f"“{standard.name}” is archived: nobody begins to follow it any more.")


@transaction
def leave(adoption: StandardAdoption, actor: Actor, *, lost_tag: bool = False) -> None:
    """Let the tenant follow the standard no longer. Its exceptions end; which policy is which stays known.

    Raises Invalid for one that follows by a tag: it would follow again at once. `lost_tag`: it has that no longer.
    """
    lock_rows(StandardAdoption, StandardAdoption.id == adoption.id)
    now = StandardAdoption.get_or_none(StandardAdoption.id == adoption.id)
    if now is None:
        return
    if now.folded_tag and not lost_tag:
        raise Invalid(
            f"{adoption.tenant.name} follows by its tag “{now.folded_tag}”: take the tag from the tenant, or from the "
            "standard."
        )
    own = (StandardException.standard == now.standard_id) & (StandardException.tenant == now.tenant_id)
    lock_rows(StandardException, own)
    ended = {"ended_at": utcnow(), "ended_by": actor.user_id}
    count = StandardException.update(ended).where(own & StandardException.ended_at.is_null()).execute()
    StandardAdoption.delete().where(StandardAdoption.id == now.id).execute()
    standard_changes.forget(now.tenant_id, now.standard_id)
    _record(Action.STANDARD_LEFT, now, actor, exceptions=count)


def set_ring(adoption: StandardAdoption, ring: Ring, actor: Actor) -> None:
    _set(adoption, {"ring": ring}, actor)


@transaction
def _set(adoption: StandardAdoption, columns: Mapping[str, Any], actor: Actor) -> None:
    lock_rows(StandardAdoption, StandardAdoption.id == adoption.id)
    changed = {name: value for name, value in columns.items() if getattr(adoption, name) != value}
    if not changed:
        return
    StandardAdoption.update(changed).where(StandardAdoption.id == adoption.id).execute()
    adoption.__data__.update(changed)
    _record(Action.STANDARD_RING_SET, adoption, actor, ring=str(adoption.ring))


@transaction
def set_values(
    adoption: StandardAdoption, values: Mapping[str, str | int | None], labels: Mapping[str, str], actor: Actor
) -> list[str]:
    """Set values of parameters, by their names; None goes back to the default. Return the names that changed.

    Names that are not given keep what they have. `values` were checked (graph/standards/values.py).
    """
    lock_rows(StandardAdoption, StandardAdoption.id == adoption.id)
    before = StandardAdoption.get_by_id(adoption.id).values
    after = {name: value for name, value in {**before, **values}.items() if value is not None}
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if changed:
        columns = {"values": after, "due_since": utcnow()}
        StandardAdoption.update(columns).where(StandardAdoption.id == adoption.id).execute()
        _record(Action.STANDARD_VALUES_SET, adoption, actor, changed=[labels.get(name, name) for name in changed])
    adoption.__data__["values"] = after
    return changed


def mark_due(adoption: StandardAdoption) -> None:
    """Have its cells worked out again."""
    StandardAdoption.update(due_since=utcnow()).where(StandardAdoption.id == adoption.id).execute()


def _record(action: Action, adoption: StandardAdoption, actor: Actor, **details: Any) -> None:
    standard = adoption.standard
    audit.record(action, actor, subject(standard), tenant=adoption.tenant, name=str(standard.name), **details)


# --- who follows -----------------------------------------------------------------------------------------------------


def find(standard: Standard, tenant: Tenant) -> StandardAdoption | None:
    adoption: StandardAdoption | None = StandardAdoption.get_or_none(
        (StandardAdoption.standard == standard) & (StandardAdoption.tenant == tenant)
    )
    return adoption


def followers(
    standard: Standard, ring: Ring | None = None, tenant_ids: Sequence[int] | None = None
) -> list[StandardAdoption]:
    """Return who follows in this ring, in any without one, by the tenants' names, each with its version.

    `tenant_ids`: of these tenants alone. Tenants on their way out are none of them; those that are switched off are.
    """
    of_standard = (StandardAdoption.standard == standard) & is_in_if_given(StandardAdoption.tenant, tenant_ids)
    if ring is not None:
        of_standard &= StandardAdoption.ring == ring
    query = StandardAdoption.select(StandardAdoption, Tenant, StandardVersion).join(Tenant)
    query = query.switch(StandardAdoption).left_outer_join(StandardVersion, on=StandardAdoption.version)
    return list(query.where(of_standard & Tenant.removing_since.is_null()).order_by(Tenant.name, StandardAdoption.id))


def of_tenant(tenant: Tenant) -> list[StandardAdoption]:
    """Return the standards that the tenant follows, by their names, each with its standard and its version."""
    query = StandardAdoption.select(StandardAdoption, Standard, StandardVersion).join(Standard)
    query = query.switch(StandardAdoption).left_outer_join(StandardVersion, on=StandardAdoption.version)
    return list(query.where(StandardAdoption.tenant == tenant).order_by(Standard.name))


def not_following(standard: Standard, tenant_ids: Sequence[int] | None) -> list[Tenant]:
    """Return the tenants that do not follow, by name; of these, where given."""
    following = StandardAdoption.select(StandardAdoption.tenant).where(StandardAdoption.standard == standard)
    others = is_in_if_given(Tenant.id, tenant_ids) & Tenant.removing_since.is_null() & Tenant.id.not_in(following)
    return list(Tenant.select().where(others).order_by(Tenant.name))


def follower_counts(standard_ids: Sequence[int], tenant_ids: Sequence[int] | None = None) -> dict[int, int]:
    """Return standard id -> how many follow it, of those that somebody does; of these tenants alone, where given."""
    of_standards = is_in(StandardAdoption.standard, standard_ids) & is_in_if_given(StandardAdoption.tenant, tenant_ids)
    query = StandardAdoption.select(StandardAdoption.standard, pw.fn.COUNT(StandardAdoption.id)).join(Tenant)
    rows = query.where(of_standards & Tenant.removing_since.is_null()).group_by(StandardAdoption.standard)
    return dict(rows.tuples())
