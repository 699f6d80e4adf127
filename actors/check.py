"""Can we work in this tenant? Signs in and says which permissions are missing, and for what."""

from dataclasses import dataclass, field

from actors.connections import client, remembered, sign_in
from db.models import Tenant
from graph.errors import GraphError
from graph.policy_types import POLICY_TYPES
from graph.write_rules import WRITE_RULES


@dataclass(frozen=True)
class Check:
    ok: bool
    sentence: str
    code: str | None = None
    # Permission -> titles of the policy types that cannot be read without it.
    missing: dict[str, list[str]] = field(default_factory=dict)
    # As `missing`, of what cannot be restored. A tenant that is only backed up needs none of it.
    missing_to_restore: dict[str, list[str]] = field(default_factory=dict)
    granted: list[str] = field(default_factory=list)


def check(tenant: Tenant) -> Check:
    """Never raises for what a tenant's admin can mend: the sentence says it."""
    try:
        with remembered(tenant):
            held = sign_in(tenant)
            held.token(fresh=True)
        client(tenant).get("/organization?$select=id,displayName")
    except GraphError as e:
        if e.code != "permission_missing":
            return Check(False, e.sentence, e.code)
    return permissions(held.roles())


def permissions(granted: frozenset[str]) -> Check:
    missing: dict[str, list[str]] = {}
    to_restore: dict[str, list[str]] = {}
    for policy_type in POLICY_TYPES.values():
        rule = WRITE_RULES[policy_type.key]
        if not _covered(policy_type.permission, granted):
            missing.setdefault(policy_type.permission, []).append(policy_type.title)
        if not rule.never and rule.permission not in granted:
            to_restore.setdefault(rule.permission, []).append(policy_type.title)
    if not missing:
        sentence = "Signed in. Every permission to read policies is there."
        return Check(True, sentence, None, {}, to_restore, sorted(granted))
    sentence = (
        f"Signed in, but {len(missing)} permission(s) are missing: {', '.join(sorted(missing))}. "
        "Add them to the app registration in Entra and grant admin consent."
    )
    return Check(False, sentence, "permission_missing", missing, to_restore, sorted(granted))


def _covered(permission: str, granted: frozenset[str]) -> bool:
    """ReadWrite includes Read."""
    return permission in granted or permission.replace(".Read.", ".ReadWrite.") in granted
