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

from db.accounts import sessions, users
from db.accounts.sessions import ENTRA
from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import database
from db.encryption import keyring
from db.errors import Invalid
from db.models import EntraGrant, EntraToken, Membership, Session, Tenant, User
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


# Who is signed in is asked about this long after the last answer, and again while there is none.
CHECK_AFTER = timedelta(minutes=25)
RETRY_AFTER = timedelta(minutes=3)
# So many at a tick of the scheduler.
CHECKS_PER_TICK = 50

_NO_ROLE = "Entra ID knows you, but none of your groups and app roles gives you a role here. Ask an admin."


def all_grants() -> list[EntraGrant]:
    return list(EntraGrant.select(EntraGrant, Tenant).left_outer_join(Tenant).order_by(EntraGrant.claim, Tenant.name))


def set_grant(
    claim: str,
    actor: Actor,
    *,
    site_role: SiteRole | None = None,
    tenant: Tenant | None = None,
    role: Role | None = None,
) -> None:
    """Give a claim a role in the installation or in a tenant, in place of the one that it gave there before."""
    claim = claim.strip().lower() if _is_guid(claim.strip()) else claim.strip()
    if not claim or len(claim) > 200 or "\x00" in claim:
        raise Invalid("Name a group by its object id, or an app role by its value.")
    with database.atomic():
        same = (EntraGrant.claim == claim) & (EntraGrant.tenant == tenant if tenant else EntraGrant.tenant.is_null())
        EntraGrant.delete().where(same).execute()
        made = EntraGrant.create(claim=claim, site_role=site_role, tenant=tenant, role=role)
        audit.record(Action.ENTRA_GRANT_SET, actor, claim, tenant=tenant, gives=_granted_role(made))


def remove_grant(made: EntraGrant, actor: Actor) -> None:
    with database.atomic():
        made.delete_instance()
        audit.record(Action.ENTRA_GRANT_REMOVED, actor, made.claim, tenant=made.tenant, gives=_granted_role(made))


def _is_guid(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()) is not None


def _granted_role(made: EntraGrant) -> str:
    return str(made.role or made.site_role)


def sign_in_user(arrival: EntraIdentity, actor: Actor) -> User:
    """Return the person, with the roles that Entra gives them now. Raises Invalid when they may not come in."""
    given = [one for one in all_grants() if one.claim in arrival.claims]
    with database.atomic():
        user: User = User.get_or_none(User.entra_id == arrival.entra_id) or _create_user(arrival, given, actor)
        if not user.is_active:
            raise Invalid("Your account here was deactivated. Ask an admin.")
        _save_answer(user, arrival)
        _apply_site_role(user, given, actor)
        _apply_memberships(user, given, actor)
    # Only now: what Entra took is taken, whether they come in or not.
    if user.site_role == SiteRole.NONE and not users.roles_by_tenant(user.id):
        sessions.end_all(user.id)
        raise Invalid(_NO_ROLE)
    return user


def token_owner(user_id: int) -> str:
    """Return the owner that a refresh token is sealed with."""
    return f"user {user_id} entra token"


def _save_answer(user: User, arrival: EntraIdentity) -> None:
    user.entra_checked_at = arrival.asked_at
    User.update(entra_checked_at=arrival.asked_at).where(User.id == user.id).execute()
    EntraToken.delete().where(EntraToken.user == user.id).execute()
    if arrival.refresh_token:
        sealed = keyring().seal(arrival.refresh_token.encode(), token_owner(user.id))
        EntraToken.create(user=user.id, sealed=sealed, asked_at=arrival.asked_at)


def due_checks(apart: Collection[int] = ()) -> list[EntraToken]:
    """Return whom Entra is to be asked about again: people who are signed in. Deletes the tokens of all others."""
    now, theirs = utcnow(), Session.user == EntraToken.user
    is_signed_in = pw.fn.EXISTS(Session.select(Session.id).where(theirs & sessions.is_alive()))
    if gone := list(EntraToken.select().where(~is_signed_in)):
        EntraToken.delete().where(EntraToken.id.in_([one.id for one in gone])).execute()
    is_due = (User.entra_checked_at < now - CHECK_AFTER) & (EntraToken.asked_at < now - RETRY_AFTER)
    found = (
        EntraToken.select(EntraToken, User)
        .join(User)
        .where(is_due)
        .order_by(EntraToken.asked_at)
        .limit(CHECKS_PER_TICK)
    )
    return [one for one in found if one.id not in apart]


def claim_check(token: EntraToken) -> bool:
    """Move the token to the end of the queue. Return False when another process has done so."""
    same = (EntraToken.id == token.id) & (EntraToken.asked_at == token.asked_at)
    return bool(EntraToken.update(asked_at=utcnow()).where(same).execute())


def refresh_token(user: User) -> str:
    """Return the person's refresh token, "" when there is none. Raises SealError."""
    found = EntraToken.get_or_none(EntraToken.user == user.id)
    return keyring().unseal(found.sealed, token_owner(user.id)).decode() if found else ""


def renew_roles(user: User, arrival: EntraIdentity) -> None:
    """Set the roles as a sign-in does. Raises Invalid when the person may not stay: then they are signed out."""
    if not user.entra_id or arrival.entra_id != user.entra_id:
        end_entra_access(user)
        return
    sign_in_user(arrival, SYSTEM)


def end_entra_access(user: User) -> None:
    """End what Entra gave to a person whom it knows no longer, and the sessions that began there."""
    with database.atomic():
        User.update(entra_checked_at=None).where(User.id == user.id).execute()
        EntraToken.delete().where(EntraToken.user == user.id).execute()
        ended = sessions.end_all(user.id, by=ENTRA)
        audit.record(Action.SESSIONS_ENDED, SYSTEM, f"user {user.email}", sessions=ended)


def _create_user(arrival: EntraIdentity, given: list[EntraGrant], actor: Actor) -> User:
    if not given:
        raise Invalid(_NO_ROLE)
    email = arrival.email.strip().lower()
    if users.find_by_email(email):
        raise Invalid(
            f"There is an account {email} here that does not sign in with Entra ID. Ask an admin to give it your "
            f"object id, {arrival.entra_id}, on its page under Users."
        )
    made = User.create(email=email, name=arrival.name.strip() or email, entra_id=arrival.entra_id)
    audit.record(Action.USER_ADDED, actor, f"user {email}", site_role=str(SiteRole.NONE))
    return made


def _apply_site_role(user: User, given: list[EntraGrant], actor: Actor) -> None:
    """Set the site role. Of a person with a password too it is an admin's to give and to take: an admin made them."""
    roles = [SiteRole(one.site_role) for one in given if one.site_role]
    wanted = max([SiteRole.NONE, *roles], key=list(SiteRole).index)
    if user.password_hash is None and user.site_role != wanted:
        user.site_role = wanted
        User.update(site_role=wanted).where(User.id == user.id).execute()
        audit.record(Action.USER_CHANGED, actor, f"user {user.email}", changed=["site_role"])


def _apply_memberships(user: User, given: list[EntraGrant], actor: Actor) -> None:
    roles: dict[Tenant, list[Role]] = {}
    for one in given:
        if one.tenant:
            roles.setdefault(one.tenant, []).append(Role(one.role))
    held = {
        one.tenant: one for one in Membership.select(Membership, Tenant).join(Tenant).where(Membership.user == user)
    }
    for tenant, membership in held.items():
        if membership.is_from_entra and tenant not in roles:
            users.remove_member(membership, actor)
    for tenant, several in roles.items():
        role = max(several, key=list(Role).index)
        if _may_set(held.get(tenant), role):
            users.set_member(user, tenant, role, actor, is_from_entra=True)


def _may_set(held: Membership | None, role: Role) -> bool:
    """Return whether Entra may change the membership: what an admin gave by hand stays."""
    return held is None or (held.is_from_entra and held.role != role)
