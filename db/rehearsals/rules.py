"""Rules that tenants have for rehearsals: to be a lab, and into which lab a tenant rehearses.

A lab is written into by the rehearsals of other tenants without being asked each time. So that nobody names a
productive tenant by mistake, its own manager says first that it is one, and whoever names it manages both.
"""

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database, lock_rows
from db.errors import Invalid
from db.models import RehearsalRules, Tenant

FOUR_EYES = (
    "{name} asks for a second approval of every restore, and nobody is there to give it at night. "
    "A lab is a tenant that does not ask for one."
)
NOT_A_LAB = "{name} is not marked as a lab. One of its managers says so on its own page “Rehearsals” first."


def of_tenant(tenant: Tenant | int) -> RehearsalRules:
    """Return the rules of a tenant; unsaved ones that allow nothing where nobody set any."""
    rules: RehearsalRules | None = RehearsalRules.get_or_none(RehearsalRules.tenant == tenant)
    return rules or RehearsalRules(tenant=tenant)


def lab_of(tenant: Tenant) -> Tenant | None:
    lab_id = of_tenant(tenant).lab_id
    return Tenant.get_or_none(Tenant.id == lab_id) if lab_id else None


def refusal(tenant: Tenant, lab: Tenant | None) -> str:
    """Return why `tenant` may not be rehearsed in `lab` now, or "" when it may."""
    if lab is None:
        return "The lab was removed from this installation."
    if lab.id == tenant.id or lab.directory_id == tenant.directory_id:
        return "A tenant is never its own lab: a rehearsal does not write to the tenant that it is of."
    if not of_tenant(lab).is_lab:
        return NOT_A_LAB.format(name=lab.name)
    if not lab.is_active or lab.removing_since is not None:
        return f"{lab.name} is switched off."
    if lab.four_eyes:
        return FOUR_EYES.format(name=lab.name)
    return ""


def refusal_now(tenant: Tenant, lab_id: int | None) -> str:
    """Like `refusal`, of the lab that a rehearsal began with: it has to be the one that is named still."""
    lab = Tenant.get_or_none(Tenant.id == lab_id)
    if lab is not None and of_tenant(tenant).lab_id != lab.id:
        return f"{lab.name} is no longer the lab of {tenant.name}."
    return refusal(tenant, lab)


def name_lab(tenant: Tenant, lab: Tenant | None, actor: Actor) -> None:
    """Rehearse in this lab from now on; None: in none. The caller made sure that the person manages both.

    Raises Invalid for a tenant that may not be one.
    """
    with database.atomic():
        lock_rows(Tenant, Tenant.id.in_([tenant.id, *([lab.id] if lab else [])]))
        lab = lab and Tenant.get_by_id(lab.id)
        why = refusal(tenant, lab) if lab else ""
        if why:
            raise Invalid(why)
        before = of_tenant(tenant)
        if before.lab_id == (lab and lab.id):
            return
        _save(tenant, lab=lab)
        audit.record(
            Action.REHEARSAL_LAB,
            actor,
            f"tenant {tenant.id}",
            tenant=tenant,
            lab=str(lab.directory_id) if lab else None,
        )


def mark_lab(tenant: Tenant, is_lab: bool, actor: Actor) -> None:
    """Say whether other tenants may be rehearsed here. When not any more, none of them is. Raises Invalid."""
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        if is_lab and Tenant.get_by_id(tenant.id).four_eyes:
            raise Invalid(FOUR_EYES.format(name=tenant.name))
        if bool(of_tenant(tenant).is_lab) == is_lab:
            return
        _save(tenant, is_lab=is_lab)
        if not is_lab:
            RehearsalRules.update(lab=None).where(RehearsalRules.lab == tenant).execute()
        audit.record(Action.REHEARSAL_IS_LAB, actor, f"tenant {tenant.id}", tenant=tenant, is_lab=is_lab)


def _save(tenant: Tenant, **columns: object) -> None:
    """Write the tenant's rules, whose row is locked."""
    if not RehearsalRules.update(**columns).where(RehearsalRules.tenant == tenant).execute():
        RehearsalRules.create(tenant=tenant, **columns)


def rehearsed_in(lab: Tenant, limit: int) -> list[Tenant]:
    """Return the tenants that are rehearsed in this lab, by name."""
    rows = Tenant.select().join(RehearsalRules, on=RehearsalRules.tenant == Tenant.id)
    return list(rows.where(RehearsalRules.lab == lab).order_by(Tenant.name).limit(limit))
