"""The roles of people who sign in with Entra ID, given by their groups and app roles there.

A person is known by their object id, never by an address: addresses can be given to somebody else. What Entra gives,
Entra takes: at every sign-in, and twice an hour while they are signed in, the roles are set to what the groups and app
roles say now. Roles given by hand stay.

An answer of Entra counts for an hour (users.roles_by_tenant, sessions.find), whatever keeps us from asking again.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import peewee as pw

from db.accounts import api_tokens, sessions, tag_memberships, users
from db.accounts.sessions import ENTRA
from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import is_recent, utcnow
from db.database import database
from db.encryption import keyring
from db.errors import Invalid
from db.models import ApiToken, EntraGrant, EntraToken, Membership, Session, Tenant, User
from db.states import Role, SiteRole


@dataclass(frozen=True)
class EntraIdentity:
    """A person as Entra ID describes them. `claims`: the object ids of groups, and the values of app roles.

    `asked_at`: a time before Entra was asked. `refresh_token`: lets us ask again.
    """

    entra_id: str
    email: str
    name: str
    claims: Collection[str]
    asked_at: datetime
    refresh_token: str = field(default="", repr=False)


# People who are signed in are asked about this long after the last answer, and again while there is none.
CHECK_AFTER = timedelta(minutes=25)
RETRY_AFTER = timedelta(minutes=3)
# The number of checks at a tick of the scheduler.
CHECKS_PER_TICK = 50

_NO_ROLE = "Entra ID knows you, but none of your groups and app roles gives you a role here. Ask an admin."


def all_grants() -> list[EntraGrant]:
    return list(
        EntraGrant.select(EntraGrant, Tenant)
        .left_outer_join(Tenant)
        .order_by(EntraGrant.claim, EntraGrant.folded, Tenant.name)
    )


def set_grant(
    claim: str,
    actor: Actor,
    *,
    site_role: SiteRole | None = None,
    tenant: Tenant | None = None,
    role: Role | None = None,
    tag: str | None = None,
) -> None:
    """Give a claim a role in the installation, in a tenant, or in the tenants with a tag.

    It takes the place of the one that the claim gave there before. Raises Invalid.
    """
    claim = claim.strip().lower() if _is_guid(claim.strip()) else claim.strip()
    if not claim or len(claim) > 200 or "\x00" in claim:
        raise Invalid("Name a group by its object id, or an app role by its value.")
    with database.atomic():
        folded = tag.casefold() if tag else None
        in_place = (EntraGrant.tenant == tenant) if tenant else EntraGrant.tenant.is_null()
        by_tag = (EntraGrant.folded == folded) if folded else EntraGrant.folded.is_null()
        EntraGrant.delete().where((EntraGrant.claim == claim) & in_place & by_tag).execute()
        grant = EntraGrant.create(
            claim=claim, site_role=site_role, tenant=tenant, role=role, tag=tag or None, folded=folded
        )
        audit.record(Action.ENTRA_GRANT_SET, actor, claim, tenant=tenant, gives=_granted_role(grant), tag=grant.tag)


def remove_grant(grant: EntraGrant, actor: Actor) -> None:
    with database.atomic():
        grant.delete_instance()
        audit.record(
            Action.ENTRA_GRANT_REMOVED,
            actor,
            grant.claim,
            tenant=grant.tenant,
            gives=_granted_role(grant),
            tag=grant.tag,
        )


def _is_guid(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()) is not None


def _granted_role(grant: EntraGrant) -> str:
    return str(grant.role or grant.site_role)


def sign_in_user(identity: EntraIdentity, actor: Actor) -> User:
    """Return the person, with the roles that Entra gives them now. Raises Invalid when they may not come in."""
    grants = [grant for grant in all_grants() if grant.claim in identity.claims]
    with database.atomic():
        user: User = User.get_or_none(User.entra_id == identity.entra_id) or _create_user(identity, grants, actor)
        if not user.is_active:
            raise Invalid("Your account here was deactivated. Ask an admin.")
        _save_answer(user, identity)
        _apply_site_role(user, grants, actor)
        _apply_memberships(user, grants, actor)
        _apply_tag_memberships(user, grants, actor)
    # Only now: what Entra took is taken, whether they come in or not.
    if user.site_role == SiteRole.NONE and not users.roles_by_tenant(user.id):
        sessions.end_all(user.id)
        raise Invalid(_NO_ROLE)
    return user


def token_owner(user_id: int) -> str:
    """Return the owner that a refresh token is sealed with."""
    return f"user {user_id} entra token"


def _save_answer(user: User, identity: EntraIdentity) -> None:
    user.entra_checked_at = identity.asked_at
    User.update(entra_checked_at=identity.asked_at).where(User.id == user.id).execute()
    EntraToken.delete().where(EntraToken.user == user.id).execute()
    if identity.refresh_token:
        sealed = keyring().seal(identity.refresh_token.encode(), token_owner(user.id))
        EntraToken.create(user=user.id, sealed=sealed, asked_at=identity.asked_at)


def due_checks(excluded_ids: Collection[int] = ()) -> list[EntraToken]:
    """Return whom Entra is to be asked about again: people who are signed in, or whose programs are.

    Deletes the tokens of all others.
    """
    now, is_theirs = utcnow(), Session.user == EntraToken.user
    is_signed_in = pw.fn.EXISTS(Session.select(Session.id).where(is_theirs & sessions.is_alive()))
    is_of_program = (ApiToken.user == EntraToken.user) & api_tokens.is_alive(now)
    is_signed_in |= pw.fn.EXISTS(ApiToken.select(ApiToken.id).where(is_of_program))
    if signed_out := list(EntraToken.select().where(~is_signed_in)):
        EntraToken.delete().where(EntraToken.id.in_([token.id for token in signed_out])).execute()
    was_checked = is_recent(User.entra_checked_at, CHECK_AFTER, now)
    is_due = ~was_checked & ~is_recent(EntraToken.asked_at, RETRY_AFTER, now)
    due_tokens = (
        EntraToken.select(EntraToken, User)
        .join(User)
        .where(is_due)
        .order_by(EntraToken.asked_at)
        .limit(CHECKS_PER_TICK)
    )
    return [token for token in due_tokens if token.id not in excluded_ids]


def claim_check(token: EntraToken) -> bool:
    """Move the token to the end of the queue. Return False when another process has done so."""
    same = (EntraToken.id == token.id) & (EntraToken.asked_at == token.asked_at)
    return bool(EntraToken.update(asked_at=utcnow()).where(same).execute())


def refresh_token(user: User) -> str:
    """Return the person's refresh token, "" when there is none. Raises SealError."""
    token = EntraToken.get_or_none(EntraToken.user == user.id)
    return keyring().unseal(token.sealed, token_owner(user.id)).decode() if token else ""


def renew_roles(user: User, identity: EntraIdentity) -> None:
    """Set the roles as a sign-in does. Raises Invalid when the person may not stay: then they are signed out."""
    if not user.entra_id or identity.entra_id != user.entra_id:
        end_entra_access(user)
        return
    sign_in_user(identity, SYSTEM)


def end_entra_access(user: User) -> None:
    """End what Entra gave to a person whom it knows no longer, and the sessions that began there."""
    with database.atomic():
        User.update(entra_checked_at=None).where(User.id == user.id).execute()
        EntraToken.delete().where(EntraToken.user == user.id).execute()
        ended = sessions.end_all(user.id, way=ENTRA)
        audit.record(Action.SESSIONS_ENDED, SYSTEM, f"user {user.email}", sessions=ended)


def _create_user(identity: EntraIdentity, grants: list[EntraGrant], actor: Actor) -> User:
    if not grants:
        raise Invalid(_NO_ROLE)
    email = identity.email.strip().lower()
    if users.find_by_email(email):
        raise Invalid(
            f"There is an account {email} here that does not sign in with Entra ID. Ask an admin to give it your "
            f"object id, {identity.entra_id}, on its page under Users."
        )
    user = User.create(email=email, name=identity.name.strip() or email, entra_id=identity.entra_id)
    audit.record(Action.USER_ADDED, actor, f"user {email}", site_role=str(SiteRole.NONE))
    return user


def _apply_site_role(user: User, grants: list[EntraGrant], actor: Actor) -> None:
    """Set the site role. Of a person with a password too it is an admin's to give and to take: an admin made them."""
    roles = [SiteRole(grant.site_role) for grant in grants if grant.site_role]
    site_role = max([SiteRole.NONE, *roles], key=list(SiteRole).index)
    if user.password_hash is None and user.site_role != site_role:
        user.site_role = site_role
        User.update(site_role=site_role).where(User.id == user.id).execute()
        audit.record(Action.USER_CHANGED, actor, f"user {user.email}", changed=["site_role"])


def _apply_memberships(user: User, grants: list[EntraGrant], actor: Actor) -> None:
    roles: dict[Tenant, list[Role]] = {}
    for grant in grants:
        if grant.tenant:
            roles.setdefault(grant.tenant, []).append(Role(grant.role))
    held = {membership.tenant: membership for membership in users.memberships_of_user(user)}
    for tenant, membership in held.items():
        if membership.is_from_entra and tenant not in roles:
            users.remove_member(membership, actor)
    for tenant, several in roles.items():
        role = max(several, key=list(Role).index)
        if _may_set(held.get(tenant), role):
            users.set_member(user, tenant, role, actor, is_from_entra=True)


def _apply_tag_memberships(user: User, grants: list[EntraGrant], actor: Actor) -> None:
    given: dict[str, EntraGrant] = {}
    for grant in sorted((row for row in grants if row.folded), key=lambda row: list(Role).index(Role(row.role))):
        given[grant.folded] = grant
    held = {row.folded: row for row in tag_memberships.of_user(user) if row.is_from_entra}
    for folded in held.keys() - given.keys():
        tag_memberships.remove(held[folded], actor)
    for folded, grant in sorted(given.items()):
        if folded not in held or held[folded].role != grant.role:
            tag_memberships.set_role(user, grant.tag, Role(grant.role), actor, is_from_entra=True)


def _may_set(held: Membership | None, role: Role) -> bool:
    """Return whether Entra may change the membership: what an admin gave by hand stays."""
    return held is None or (held.is_from_entra and held.role != role)
