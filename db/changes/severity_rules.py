"""The rules of severity as admins changed them: another severity, switched off, or rules of their own.

The built-in ones are in graph/changes/severity.py; a row here is kept only for what differs from them.
"""

import secrets
from typing import Any

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import transaction
from db.errors import Invalid
from db.models import SeverityRule
from db.sql import upserts
from db.states import Severity

OWN = "own:"
LONGEST_PATH = 500


def all_set() -> list[SeverityRule]:
    """Return every row, in the order in which they were made."""
    return list(SeverityRule.select().order_by(SeverityRule.id))


@transaction
def set_built_in(name: str, severity: str, actor: Actor, *, is_active: bool = True) -> None:
    """Give a built-in rule another severity, or switch it off. Raises Invalid for a severity that there is not."""
    row = {**_columns(severity, actor), "name": name, "is_active": is_active}
    renewed = (SeverityRule.severity, SeverityRule.is_active, SeverityRule.changed_by, SeverityRule.changed_at)
    upserts.insert_or_update(SeverityRule, (SeverityRule.name,), [row], renewed)
    _audit(Action.SEVERITY_RULE_SET, actor, name, severity=severity, is_active=is_active)


@transaction
def add_own(policy_type: str, path: str, severity: str, actor: Actor) -> SeverityRule:
    """Add a rule: a change in this policy type ("": any) at a place that holds this text ("": any) is so grave.

    Raises Invalid for a rule of every change of every type, and for a severity that there is not.
    """
    path = path.replace("\x00", "").strip()[:LONGEST_PATH]
    if not policy_type and not path:
        raise Invalid("Choose a policy type, or say which setting: else the rule would be about every change.")
    name = f"{OWN}{secrets.token_hex(6)}"
    rule: SeverityRule = SeverityRule.create(name=name, policy_type=policy_type, path=path, **_columns(severity, actor))
    _audit(Action.SEVERITY_RULE_SET, actor, name, severity=severity, is_active=True)
    return rule


@transaction
def remove(name: str, actor: Actor) -> bool:
    """Remove an own rule, or let a built-in one be as it came. Return whether there was anything to remove."""
    removed = SeverityRule.delete().where(SeverityRule.name == name).execute()
    if removed:
        _audit(Action.SEVERITY_RULE_REMOVED, actor, name)
    return bool(removed)


def _columns(severity: str, actor: Actor) -> dict[str, object]:
    if severity not in set(Severity):
        raise Invalid("Choose low, medium or high.")
    return {"severity": severity, "changed_by": actor.user_id, "changed_at": utcnow()}


def _audit(action: Action, actor: Actor, name: str, **details: Any) -> None:
    audit.record(action, actor, f"severity rule {name}", rule=name, **details)
