"""The check of a tenant's connection: signs in, and says which permissions are missing, and for what."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from actors.tenants.graph_clients import client, recording_outcome, sign_in_of, write_roles
from db.events import event_logs
from db.models import Tenant
from db.states import TenantLog
from db.tenants import bin_refusals
from graph.errors import GraphError
from graph.policy_types.permissions import APPS, DIRECTORY_AUDITS, TO_BACK_UP, TO_RESTORE, Access, LookUp
from graph.policy_types.table import POLICY_TYPES
from graph.write.write_rules import WRITE_RULES

LOGS = {TenantLog.INTUNE: APPS, TenantLog.ENTRA: DIRECTORY_AUDITS}


@dataclass(frozen=True)
class ConnectionCheck:
    ok: bool
    sentence: str
    code: str | None = None
    # Permission -> what cannot be read without it: titles of policy types, and things that are looked up.
    missing: dict[str, list[str]] = field(default_factory=dict)
    # Permission -> what cannot be restored without it. A tenant that is only backed up needs none of these.
    missing_to_restore: dict[str, list[str]] = field(default_factory=dict)
    granted: list[str] = field(default_factory=list)

    @property
    def write_sentence(self) -> str:
        """Say what a credential that only writes can do."""
        if not self.missing_to_restore:
            return "Signed in. Every permission that a restore needs is there."
        named = ", ".join(sorted(self.missing_to_restore))
        return f"Signed in. Restores of some policy types will be blocked. Permissions that are missing: {named}."


@dataclass(frozen=True)
class TypeAccess:
    """The permissions of one policy type, and whether they are there.

    `write_permission`: None of a type that is never restored.
    """

    policy_type: str
    title: str
    read_permission: str
    can_read: bool
    # Without it the tenant is backed up whole all the same.
    is_optional: bool
    write_permission: str | None
    can_write: bool


def check(tenant: Tenant) -> ConnectionCheck:
    """Sign in and check permissions. An error that the tenant's admin can mend is not raised: the sentence says it."""
    try:
        with recording_outcome(tenant):
            held = sign_in_of(tenant)
            held.token(fresh=True)
        client(tenant).get("/organization?$select=id,displayName")
    except GraphError as e:
        if e.code != "permission_missing":
            return ConnectionCheck(False, e.sentence, e.code)
    # A log that was refused is asked once a day; now somebody may have granted it.
    bin_refusals.ask_again(tenant)
    event_logs.ask_again(tenant, [log for log, access in LOGS.items() if access.is_granted(held.roles())])
    return check_permissions(held.roles(), write_roles(tenant))


def check_permissions(granted: frozenset[str], granted_to_write: frozenset[str] | None = None) -> ConnectionCheck:
    """Compare with what is needed. `granted_to_write`: of a tenant whose live restores sign in with another app."""
    missing = _missing(granted, _read_needs())
    to_restore = _missing(granted if granted_to_write is None else granted_to_write, _write_needs())
    needed = sorted(missing.keys() - {access.ask for access, _ in _read_needs() if access.is_optional})
    if not needed:
        sentence = "Signed in. Every permission that a backup needs is there."
        if missing:
            sentence += f" Optional, and not there: {', '.join(sorted(missing))}."
        return ConnectionCheck(True, sentence, None, missing, to_restore, sorted(granted))
    sentence = (
        f"Signed in, but {len(needed)} permission(s) are missing: {', '.join(needed)}. "
        "Add them to the app registration in Entra and grant admin consent."
    )
    return ConnectionCheck(False, sentence, "permission_missing", missing, to_restore, sorted(granted))


def access_by_type(granted: Collection[str], granted_to_write: Collection[str]) -> list[TypeAccess]:
    """Return what these permissions allow, policy type by policy type, in the order of the table."""
    rows = []
    for row in POLICY_TYPES.values():
        rule = WRITE_RULES[row.key]
        rows.append(
            TypeAccess(
                policy_type=row.key,
                title=row.title,
                read_permission=row.access.ask,
                can_read=row.access.is_granted(granted),
                is_optional=row.access.is_optional,
                write_permission=None if rule.cannot_restore else rule.access.ask,
                can_write=not rule.cannot_restore and rule.access.is_granted(granted_to_write),
            )
        )
    return rows


def missing_look_ups(granted: frozenset[str]) -> dict[str, list[str]]:
    """Return {permission to ask for: what cannot be looked up without it}, apart from the policies themselves."""
    return _missing(granted, _look_up_needs(TO_BACK_UP))


def _read_needs() -> list[tuple[Access, str]]:
    types = ((row.access, row.title) for row in POLICY_TYPES.values())
    return [*types, *_look_up_needs(TO_BACK_UP)]


def _write_needs() -> list[tuple[Access, str]]:
    """Return what restores need: nothing for a policy type that is never restored."""
    rules = ((WRITE_RULES[row.key], row.title) for row in POLICY_TYPES.values())
    written = ((rule.access, title) for rule, title in rules if not rule.cannot_restore)
    return [*written, *_look_up_needs(TO_RESTORE)]


def _look_up_needs(look_ups: Iterable[LookUp]) -> Iterator[tuple[Access, str]]:
    return ((look_up.access, look_up.what) for look_up in look_ups)


def _missing(granted: frozenset[str], needs: Iterable[tuple[Access, str]]) -> dict[str, list[str]]:
    """Return {permission to ask for: what it unlocks} of the permissions that are not granted."""
    missing: dict[str, list[str]] = {}
    for access, what in needs:
        if not access.is_granted(granted):
            missing.setdefault(access.ask, []).append(what)
    return missing
