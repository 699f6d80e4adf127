"""Roles by tag: a person's role in every tenant that has a tag, now and later.

Nothing is copied to the tenants: what somebody may do is worked out from their tags each time it is asked
(users.roles_by_tenant), so a tag that goes takes the role with it at once. A tag that gives rights is set by admins
alone (docs/decisions/0038-roles-by-tag.md).
"""

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database
from db.errors import Invalid
from db.models import EntraGrant, TagMembership, TenantTag, User
from db.sql import upserts
from db.sql.value_lists import is_in
from db.states import Role


def set_role(user: User, tag: str, role: Role, actor: Actor, *, is_from_entra: bool = False) -> None:
    """Give the person this role in every tenant that has the tag. Raises Invalid where no tag is named."""
    if not tag:
        raise Invalid("Name the tag that gives the role.")
    row = {"user": user.id, "tag": tag, "folded": tag.casefold(), "role": role, "is_from_entra": is_from_entra}
    key = (TagMembership.user, TagMembership.folded, TagMembership.is_from_entra)
    with database.atomic():
        upserts.insert_or_update(TagMembership, key, [row], (TagMembership.role,))
        _record(Action.TAG_MEMBER_SET, user, tag, role, actor)


def remove(membership: TagMembership, actor: Actor) -> None:
    """End the role in all tenants of the tag, for open sessions too."""
    with database.atomic():
        membership.delete_instance()
        _record(Action.TAG_MEMBER_REMOVED, membership.user, membership.tag, Role(membership.role), actor)


def _record(action: Action, user: User, tag: str, role: Role, actor: Actor) -> None:
    audit.record(action, actor, f"user {user.email}", user=user.email, role=str(role), tag=tag)


def of_user(user: User) -> list[TagMembership]:
    return list(TagMembership.select().where(TagMembership.user == user).order_by(TagMembership.folded))


def find(membership_id: int, user: User) -> TagMembership | None:
    membership: TagMembership | None = TagMembership.get_or_none(
        (TagMembership.id == membership_id) & (TagMembership.user == user)
    )
    return membership


def count_tenants(folded: list[str]) -> dict[str, int]:
    """Return tag, folded -> how many tenants have it now; one that none has is left out."""
    counted = TenantTag.select(TenantTag.folded, pw.fn.COUNT(TenantTag.id)).where(is_in(TenantTag.folded, folded))
    return dict(counted.group_by(TenantTag.folded).tuples())


def that_give_rights(folded: list[str]) -> dict[str, str]:
    """Return folded -> name of those of the tags that give somebody a role, by hand or by Entra ID."""
    rows = [
        *TagMembership.select(TagMembership.folded, TagMembership.tag)
        .where(is_in(TagMembership.folded, folded))
        .tuples(),
        *EntraGrant.select(EntraGrant.folded, EntraGrant.tag).where(is_in(EntraGrant.folded, folded)).tuples(),
    ]
    return dict(sorted(rows))
