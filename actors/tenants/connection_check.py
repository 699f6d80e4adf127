"""The check of a tenant's connection: signs in, and says which permissions are missing, and for what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from actors.tenants.graph_clients import client, recording_outcome, sign_in_of
from db.events import event_logs
from db.models import Tenant
from db.states import TenantLog
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
    event_logs.ask_again(tenant, [log for log, access in LOGS.items() if access.is_granted(held.roles())])
    return check_permissions(held.roles())


def check_permissions(granted: frozenset[str]) -> ConnectionCheck:
    types = POLICY_TYPES.values()
    rules = [(WRITE_RULES[row.key], row.title) for row in types]
    missing = _missing(granted, [*((row.access, row.title) for row in types), *_look_up_needs(TO_BACK_UP)])
    to_restore = _missing(
        granted,
        [*((rule.access, title) for rule, title in rules if not rule.cannot_restore), *_look_up_needs(TO_RESTORE)],
    )
    accesses = [*(row.access for row in types), *(look_up.access for look_up in TO_BACK_UP)]
    needed = sorted(missing.keys() - {access.ask for access in accesses if access.is_optional})
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


def _look_up_needs(look_ups: Iterable[LookUp]) -> Iterator[tuple[Access, str]]:
    return ((look_up.access, look_up.what) for look_up in look_ups)


def _missing(granted: frozenset[str], needs: Iterable[tuple[Access, str]]) -> dict[str, list[str]]:
    """Return {permission to ask for: what it unlocks} of the permissions that are not granted."""
    missing: dict[str, list[str]] = {}
    for access, what in needs:
        if not access.is_granted(granted):
            missing.setdefault(access.ask, []).append(what)
    return missing
