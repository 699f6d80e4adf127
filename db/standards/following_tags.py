"""Tags of standards: every tenant with the tag follows, those included that get it later, as long as they have it.

Nothing happens while somebody tags: the scheduler's sweep adopts who has the tag, and lets go who lost it.
"""

import time
from contextlib import suppress

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import lock_rows, transaction
from db.errors import Invalid, SwitchedOff
from db.models import Standard, StandardAdoption, StandardTag, Tenant, TenantTag
from db.sql import upserts
from db.standards import adoptions
from db.standards.standards import subject
from db.states import Ring
from db.tenants import tags

# A sweep adopts or lets go so many tenants at once, and the next one goes on.
AT_ONCE = 50
PAUSE_SECONDS = 20.0
# The tag of who follows by one that the standard has no longer, until the sweep has seen to it.
LOST = ""

_next_at = 0.0


@transaction
def set_tag(standard: Standard, tag: str, ring: Ring, actor: Actor) -> StandardTag:
    """Let every tenant with the tag follow, in this ring from now on; who follows already keeps theirs.

    Raises Invalid.
    """
    name = tags.parse_one(tag)
    if standard.archived_at is not None:
        raise Invalid(f"“{standard.name}” is archived: nobody begins to follow it any more.")
    row = {
        "standard": standard.id,
        "tag": name,
        "folded": tags.fold(name),
        "ring": ring,
        "added_by": actor.user_id,
        "added_at": utcnow(),
    }
    upserts.insert_or_update(StandardTag, (StandardTag.standard, StandardTag.folded), [row], (StandardTag.ring,))
    audit.record(Action.STANDARD_TAG_SET, actor, subject(standard), name=str(standard.name), tag=name, ring=str(ring))
    followed: StandardTag = StandardTag.get(
        (StandardTag.standard == standard) & (StandardTag.folded == tags.fold(name))
    )
    return followed


@transaction
def remove_tag(followed: StandardTag, actor: Actor) -> None:
    """Let the tag no longer make anybody follow: who follows by it alone leaves with the next sweep."""
    by_it = (StandardAdoption.standard == followed.standard_id) & (StandardAdoption.folded_tag == followed.folded)
    if StandardTag.delete().where(StandardTag.id == followed.id).execute():
        lock_rows(StandardAdoption, by_it)
        StandardAdoption.update(folded_tag=LOST).where(by_it).execute()
        standard = followed.standard
        audit.record(Action.STANDARD_TAG_REMOVED, actor, subject(standard), name=str(standard.name), tag=followed.tag)


def of_standard(standard: Standard) -> list[StandardTag]:
    return list(StandardTag.select().where(StandardTag.standard == standard).order_by(StandardTag.folded))


def find(standard: Standard, tag_id: int) -> StandardTag | None:
    row: StandardTag | None = StandardTag.get_or_none((StandardTag.id == tag_id) & (StandardTag.standard == standard))
    return row


def follow_if_due() -> None:
    """Follow, if the last time is long enough ago: it asks for each tag of each standard."""
    global _next_at
    if time.monotonic() < _next_at:
        return
    follow()
    _next_at = time.monotonic() + PAUSE_SECONDS


def follow() -> None:
    """Let go tenants that lost their tag, and adopt those that got one, some at a time."""
    in_use = list(StandardTag.select(StandardTag, Standard).join(Standard))
    for adoption in [*_of_removed_tags(), *(adoption for followed in in_use for adoption in _lost(followed))]:
        _let_go(adoption)
    for followed in sorted(in_use, key=lambda row: list(Ring).index(Ring(row.ring))):
        for tenant in _newly_tagged(followed) if followed.standard.archived_at is None else ():
            with suppress(Invalid, SwitchedOff):  # archived, or on its way out, since it was found
                adoptions.adopt(followed.standard, tenant, Ring(followed.ring), SYSTEM, folded_tag=followed.folded)


def _newly_tagged(followed: StandardTag) -> list[Tenant]:
    """Return tenants that have the tag and do not follow its standard."""
    is_following = (StandardAdoption.standard == followed.standard_id) & (StandardAdoption.tenant == TenantTag.tenant)
    rows = (
        TenantTag.select(TenantTag.tenant)
        .join(StandardAdoption, pw.JOIN.LEFT_OUTER, on=is_following)
        .where((TenantTag.folded == followed.folded) & StandardAdoption.id.is_null())
        .limit(AT_ONCE)
    )
    found = Tenant.select().where(Tenant.id.in_([number for (number,) in rows.tuples()]))
    return list(found.where(Tenant.removing_since.is_null()).order_by(Tenant.id))


def _lost(followed: StandardTag) -> list[StandardAdoption]:
    """Return who follows by a tag that the tenant has no longer."""
    by_it = (StandardAdoption.standard == followed.standard_id) & (StandardAdoption.folded_tag == followed.folded)
    tagged = TenantTag.select(TenantTag.tenant).where(TenantTag.folded == followed.folded)
    rows = StandardAdoption.select().where(by_it & StandardAdoption.tenant.not_in(tagged))
    return list(rows.order_by(StandardAdoption.id).limit(AT_ONCE))


def _of_removed_tags() -> list[StandardAdoption]:
    rows = StandardAdoption.select().where(StandardAdoption.folded_tag == LOST)
    return list(rows.order_by(StandardAdoption.id).limit(AT_ONCE))


@transaction
def _let_go(adoption: StandardAdoption) -> None:
    """Let the tenant leave, or follow by another of its tags, with all that was decided for it."""
    others = (
        StandardTag.select(StandardTag.folded)
        .join(TenantTag, on=StandardTag.folded == TenantTag.folded)
        .where((StandardTag.standard == adoption.standard_id) & (TenantTag.tenant == adoption.tenant_id))
        .order_by(StandardTag.id)
    )
    other = next(iter(others.tuples()), None)
    if other is None:
        adoptions.leave(adoption, SYSTEM, lost_tag=True)
        return
    by_former = (StandardAdoption.id == adoption.id) & (StandardAdoption.folded_tag == adoption.folded_tag)
    StandardAdoption.update(folded_tag=other[0]).where(by_former).execute()
