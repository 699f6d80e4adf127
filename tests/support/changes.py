"""Changes and events of tenants' logs as rows, without a capture, an assessment or Graph."""

from datetime import timedelta

from db.clock import utcnow
from db.models import Change, EventLog, TenantEvent, TenantEventPolicy
from db.states import ChangeKind, ChangeState, DoerKind, Severity, TenantLog


def record_change(policy, **columns):
    """An assessed, open change of the policy, seen an hour ago."""
    now = utcnow().replace(microsecond=0)
    usual = {
        "kind": ChangeKind.CHANGED,
        "state": ChangeState.OPEN,
        "severity": Severity.HIGH,
        "rules": ["conditional-access-exclusions"],
        "since_at": now - timedelta(hours=5),
        "seen_at": now - timedelta(hours=1),
        "differences": [{"path": "body/state", "label": "State", "how": "changed"}],
        "difference_count": 1,
        "assessed_at": now,
    }
    return Change.create(tenant=policy.tenant, policy=policy, **{**usual, **columns})


def record_event(policy, name="anna@contoso.example", **columns):
    """An event of the tenant's own log about the policy, two hours ago, by a person in the portal."""
    at = columns.pop("at", utcnow().replace(microsecond=0) - timedelta(hours=2))
    usual = {
        "log": TenantLog.INTUNE,
        "event_id": f"event {TenantEvent.select().count() + 1} of {policy.id}",
        "activity": "Patch DeviceManagementConfigurationPolicy",
        "operation": "Patch",
        "doer_kind": DoerKind.PERSON,
        "app_name": "Microsoft Intune portal extension",
        "app_id": "5926fc8e-304e-4f59-8bed-58ca97cc39a4",
        "address": "192.0.2.44",
        "object_name": policy.name,
        "object_ids": [policy.graph_id],
        "properties": [],
        "policy_types": [],
    }
    event = TenantEvent.create(tenant=policy.tenant, doer_name=name, at=at, **{**usual, **columns})
    TenantEventPolicy.create(event=event, policy=policy, at=at)
    return event


def record_log(tenant, log=TenantLog.INTUNE, **columns):
    """How far the tenant's log was read: to this moment."""
    now = utcnow()
    usual = {"asked_at": now, "read_to": now, "reaches_from": now - timedelta(days=30)}
    return EventLog.create(tenant=tenant, log=log, **{**usual, **columns})
