"""People: passwords (argon2id), roles and memberships."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import peewee as pw
from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from db.accounts import api_tokens, sessions
from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import is_recent, utcnow
from db.database import Condition, database, lock_rows
from db.errors import Invalid
from db.models import Membership, TagMembership, Tenant, TenantTag, User
from db.sql import upserts
from db.sql.value_lists import equals_if_given, is_in
from db.states import Role, SiteRole

MIN_PASSWORD_LENGTH = 12
hasher = PasswordHasher()


def add(email: str, name: str, password: str, actor: Actor, *, site_role: SiteRole = SiteRole.NONE) -> User:
    email = email.strip().lower()
    if "@" not in email:
        raise Invalid(f"“{email}” is not an e-mail address.")
    _require_long_password(password)
    with database.atomic():
        if User.get_or_none(User.email == email):
            raise Invalid(f"There is already a user {email}.")
        user = User.create(
            email=email, name=name.strip() or email, password_hash=hasher.hash(password), site_role=site_role
        )
        audit.record(Action.USER_ADDED, actor, f"user {email}", site_role=str(site_role))
    return user


def _require_long_password(password: str) -> None:
    if len(password) < MIN_PASSWORD_LENGTH:
        raise Invalid(f"A password needs at least {MIN_PASSWORD_LENGTH} characters.")


def find_by_email(email: str) -> User | None:
    user: User | None = User.get_or_none(User.email == email.strip().lower())
    return user


def parse_entra_id(text: str, user: User) -> str:
    """Return an object id that nobody else here has. Raises Invalid."""
    try:
        object_id = str(UUID(text.strip()))
    except ValueError as e:
        raise Invalid("An object id has the form 00000000-0000-0000-0000-000000000000.") from e
    other = User.get_or_none((User.entra_id == object_id) & (User.id != user.id))
    if other:
        raise Invalid(f"{other.email} signs in with that object id already.")
    return object_id


def totp_owner(user_id: int) -> str:
    """Return the owner that a second factor's secret is sealed with."""
    return f"user {user_id} totp"


def change(user: User, actor: Actor, *, current_session_id: int | None = None, **changes: object) -> None:
    """Change name, site_role, is_active, entra_id or password.

    Anything but a name ends the person's sessions, but for the `current_session_id` in which they changed it
    themselves. A password that somebody else sets ends their passkeys and API tokens too: whoever had got into the
    account might have made one. Who is deactivated loses their tokens for good.
    """
    if "password" in changes:
        password = str(changes.pop("password"))
        _require_long_password(password)
        changes["password_hash"] = hasher.hash(password)
    if not changes:
        return
    is_admin_no_more = changes.get("site_role", user.site_role) != SiteRole.ADMIN or changes.get("is_active") is False
    changed_names = sorted(name.removesuffix("_hash") for name in changes)
    with database.atomic():
        if is_admin_no_more:
            _require_another_admin(user)
        User.update(**changes).where(User.id == user.id).execute()
        if "password_hash" in changes and current_session_id is None:
            # Only here: what reads passkeys takes a twelfth of a worker's start, and workers read none.
            from db.accounts import passkeys

            passkeys.remove_all(user, actor)
        if changes.get("is_active") is False or ("password_hash" in changes and current_session_id is None):
            api_tokens.end_all(user, actor)
        if set(changes) - {"name"}:
            sessions.end_all(user.id, but_id=current_session_id)
        audit.record(Action.USER_CHANGED, actor, f"user {user.email}", changed=changed_names)


def _require_another_admin(user: User) -> None:
    # When two admins take it from each other at once, the second waits here, and sees what the first did.
    lock_rows(User, User.site_role == SiteRole.ADMIN)
    others = (User.site_role == SiteRole.ADMIN) & User.is_active & (User.id != user.id)
    if user.site_role == SiteRole.ADMIN and not User.select().where(others).exists():
        raise Invalid("This is the last active admin. Make someone else an admin first.")


def sign_out_everywhere(user: User, actor: Actor, *, but_id: int | None = None) -> int:
    """End the person's sessions, but for one. Return how many that ended."""
    with database.atomic():
        ended = sessions.end_all(user.id, but_id=but_id)
        audit.record(Action.SESSIONS_ENDED, actor, f"user {user.email}", sessions=ended)
    return ended


@cache
def _nobody_hash() -> str:
    return hasher.hash("nobody has this password")


def check_password(email: str, password: str) -> User | None:
    """Return the active user with this password, or None.

    An unknown address costs the same time as a wrong password.
    """
    user = find_by_email(email)
    try:
        hasher.verify((user and user.password_hash) or _nobody_hash(), password)
    except VerificationError:
        return None
    if user is None or not user.is_active or not user.password_hash:
        return None
    if hasher.check_needs_rehash(user.password_hash):
        User.update(password_hash=hasher.hash(password)).where(User.id == user.id).execute()
    return user


def set_member(user: User, tenant: Tenant, role: Role, actor: Actor, *, is_from_entra: bool = False) -> None:
    row = {"user": user.id, "tenant": tenant.id, "role": role, "is_from_entra": is_from_entra}
    renewed = (Membership.role, Membership.is_from_entra)
    with database.atomic():
        upserts.insert_or_update(Membership, (Membership.user, Membership.tenant), [row], renewed)
        audit.record(Action.MEMBER_SET, actor, f"user {user.email}", tenant=tenant, user=user.email, role=str(role))


def remove_member(membership: Membership, actor: Actor) -> None:
    user, tenant = membership.user, membership.tenant
    with database.atomic():
        membership.delete_instance()
        audit.record(Action.MEMBER_REMOVED, actor, f"user {user.email}", tenant=tenant, user=user.email)


def set_subscribed(user_id: int, tenant: Tenant, is_subscribed: bool) -> list[str] | None:
    """Notify this person of every run of the tenant, or of their own only. Return None when they have no role there.

    A role by tag is subscribed to with all tenants of its tag; the tags are returned, [] for a membership alone.
    """
    own = Membership.update(is_subscribed=is_subscribed).where(
        (Membership.user == user_id) & (Membership.tenant == tenant)
    )
    has_own = bool(own.execute())
    if has_own and is_subscribed:
        return []
    of_tenant = TenantTag.select(TenantTag.folded).where(TenantTag.tenant == tenant)
    by_tag = TagMembership.update(is_subscribed=is_subscribed).where(
        (TagMembership.user == user_id) & TagMembership.folded.in_(of_tenant)
    )
    tags = sorted({row.tag for row in by_tag.returning(TagMembership.tag).execute()})
    return tags if tags or has_own else None


def is_subscribed(user_id: int, tenant: Tenant) -> bool | None:
    """Return whether this person hears of every run of the tenant; None where they have no role in it."""
    own = Membership.select(Membership.is_subscribed).where(_is_of(Membership, user_id, tenant.id))
    by_tag = _with_tenants(TagMembership.select(TagMembership.is_subscribed))
    by_tag = by_tag.where((TagMembership.user == user_id) & (TenantTag.tenant == tenant))
    answers = [bool(row[0]) for row in (*own.tuples(), *by_tag.tuples())]
    return any(answers) if answers else None


def _is_of(model: Any, user_id: int, tenant_id: int) -> Condition:
    condition: Condition = (model.user == user_id) & (model.tenant == tenant_id)
    return condition


def _with_tenants(query: Any) -> Any:
    """Join a query of roles by tag with the tenants that have the tag now."""
    return query.join_from(TagMembership, TenantTag, on=TenantTag.folded == TagMembership.folded)


def tenants_subscribed_to(user_id: int) -> Condition:
    """Return a subquery of the tenants of which this person hears of every run."""
    own = Membership.select(Membership.tenant).where((Membership.user == user_id) & Membership.is_subscribed)
    by_tag = _with_tenants(TagMembership.select(TenantTag.tenant))
    return own | by_tag.where((TagMembership.user == user_id) & TagMembership.is_subscribed)


def subscriber_ids(tenant_id: int) -> set[int]:
    """Return the ids of the people who hear of every run of the tenant."""
    own = Membership.select(Membership.user).where((Membership.tenant == tenant_id) & Membership.is_subscribed)
    by_tag = _with_tenants(TagMembership.select(TagMembership.user))
    by_tag = by_tag.where((TenantTag.tenant == tenant_id) & TagMembership.is_subscribed)
    return {row[0] for row in (own | by_tag).tuples()}


def roles_by_tenant(user_id: int) -> dict[int, Role]:
    """Return tenant id -> role that this person has there, by membership or by a tag; the highest of several.

    Those from Entra count while its last answer does. One statement, whatever the number of tenants.
    """
    own = Membership.select(Membership.tenant, Membership.role).join(User)
    own = own.where((User.id == user_id) & _counts_now(Membership))
    by_tag = _with_tenants(TagMembership.select(TenantTag.tenant, TagMembership.role).join(User))
    by_tag = by_tag.where((User.id == user_id) & _counts_now(TagMembership))
    roles: dict[int, Role] = {}
    for tenant_id, role in (own + by_tag).tuples():
        roles[tenant_id] = max(roles.get(tenant_id, Role.READER), Role(role), key=_rank)
    return roles


def _counts_now(model: Any) -> Condition:
    condition: Condition = ~model.is_from_entra | is_recent(User.entra_checked_at, sessions.ENTRA_VALID_FOR, utcnow())
    return condition


_rank = list(Role).index


def has_role(user: User | None, tenant: Tenant, accepted: Collection[Role]) -> bool:
    """Return whether the user has one of these roles in the tenant, or is an admin of the installation.

    Acts that happen long after their request ask this anew.
    """
    if user is None or not user.is_active:
        return False
    return user.site_role == SiteRole.ADMIN or roles_by_tenant(user.id).get(tenant.id) in accepted


@dataclass(frozen=True)
class Member:
    """A person's role in a tenant. `tag`: the tag that gives it; "" for a membership."""

    user: User
    tenant_id: int
    role: Role
    tag: str = ""
    is_from_entra: bool = False


def members_of_tenant(tenant: Tenant) -> list[Member]:
    """Return everybody with a role in the tenant by name, each once, with the highest of their roles."""
    highest: dict[int, Member] = {}
    for member in _members(Membership.tenant == tenant, TenantTag.tenant == tenant, None):
        known = highest.get(member.user.id)
        if known is None or _rank(member.role) > _rank(known.role):
            highest[member.user.id] = member
    return sorted(highest.values(), key=lambda member: member.user.name.lower())


def _members(is_own: Condition, is_by_tag: Condition, limit: int | None) -> list[Member]:
    """Return the members by membership, then those by tag; of both so many at most."""
    own = Membership.select(Membership, User).join(User).where(is_own).order_by(Membership.id).limit(limit)
    by_tag = _with_tenants(TagMembership.select(TagMembership, User, TenantTag.tenant.alias("in_tenant")).join(User))
    by_tag = by_tag.where(is_by_tag).order_by(TagMembership.id, TenantTag.tenant).limit(limit)
    return [
        *(Member(row.user, row.tenant_id, Role(row.role), "", row.is_from_entra) for row in own),
        *(Member(row.user, row.tenanttag.in_tenant, Role(row.role), row.tag, row.is_from_entra) for row in by_tag),
    ]


def admins() -> list[User]:
    """Return the admins who may sign in, by name."""
    is_admin = (User.site_role == SiteRole.ADMIN) & User.is_active
    return list(User.select().where(is_admin).order_by(pw.fn.LOWER(User.name)))


def is_admin(user_id: int | None) -> bool:
    """Return whether this person is an admin of the installation and may sign in."""
    user = find_by_id(user_id)
    return user is not None and user.is_active and user.site_role == SiteRole.ADMIN


def find_by_id(user_id: int | None) -> User | None:
    return User.get_or_none(User.id == user_id) if user_id else None


def some_by_name(word: str, limit: int, offset: int) -> list[User]:
    """Return people whose name or e-mail address holds the word, by name."""
    matches = User.name.contains(word) | User.email.contains(word) if word else User.id > 0
    return list(User.select().where(matches).order_by(User.name, User.id).limit(limit).offset(offset))


def names_by_id(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the names of these people by their ids; an id that is nobody's is left out."""
    return dict(User.select(User.id, User.name).where(is_in(User.id, user_ids)).tuples())


def members_of_tenants(tenant_ids: Sequence[int] | None, also: int, limit: int) -> list[User]:
    """Return the first people by name who are members of these tenants, and the one with the id `also`."""
    query = User.select(User.id, User.name).order_by(User.name).limit(limit)
    if tenant_ids is not None:
        members = Membership.select(Membership.user).where(is_in(Membership.tenant, tenant_ids))
        by_tag = _with_tenants(TagMembership.select(TagMembership.user)).where(is_in(TenantTag.tenant, tenant_ids))
        query = query.where(User.id.in_(members) | User.id.in_(by_tag) | (User.id == also))
    return list(query)


def find_membership(user_id: int, tenant: Tenant) -> Membership | None:
    return Membership.get_or_none(user=user_id, tenant=tenant)


def roles_in_tenants(user: User, tenant_ids: Sequence[int]) -> dict[int, Role]:
    """Return tenant id -> the role that the person has there, be it given here or by Entra ID."""
    rows = Membership.select(Membership.tenant, Membership.role)
    rows = rows.where((Membership.user == user) & is_in(Membership.tenant, tenant_ids))
    return {tenant_id: Role(role) for tenant_id, role in rows.tuples()}


def memberships_of_user(user: User) -> list[Membership]:
    """Return the person's memberships with their tenants, by the tenant's name."""
    return list(Membership.select(Membership, Tenant).join(Tenant).where(Membership.user == user).order_by(Tenant.name))


def some_memberships(user: User, named: Any, limit: int, offset: int) -> list[Membership]:
    """Return memberships like `memberships_of_user`, a page of them. `named`: a condition of their tenants, or None."""
    query = Membership.select(Membership, Tenant).join(Tenant).where(Membership.user == user)
    query = query if named is None else query.where(named)
    return list(query.order_by(Tenant.name).limit(limit).offset(offset))


def count_memberships(user: User) -> int:
    return int(Membership.select().where(Membership.user == user).count())


def count_users() -> int:
    return int(User.select().count())


def all_by_email(limit: int) -> list[User]:
    return list(User.select().order_by(User.email).limit(limit))


def list_members(tenant: Tenant | None, limit: int) -> list[tuple[Tenant, Member]]:
    """Return who has a role in a tenant or in all, each with the tenant, by its name; roles by tag are told apart."""
    is_by_tag = equals_if_given(TenantTag.tenant, tenant)
    members = _members(equals_if_given(Membership.tenant, tenant), is_by_tag, limit)
    tenants = {row.id: row for row in Tenant.select().where(is_in(Tenant.id, {member.tenant_id for member in members}))}
    listed = sorted(
        ((tenants[member.tenant_id], member) for member in members),
        key=lambda pair: (pair[0].name, pair[1].user.email, pair[1].tag),
    )
    return listed[:limit]
