"""Events as graph/events gives them to db/events, for tests."""

from datetime import timedelta
from itertools import count

from db.clock import utcnow
from db.events import tenant_events
from db.events.event_logs import Window
from db.events.own_writes import OwnApp
from db.states import TenantLog

# Their ids sort as they were made: those of one moment are kept in this order.
_numbers = count(1)


def made(*object_ids, **values):
    """Facts of an event that anna made a minute ago."""
    return {
        "event_id": f"event {next(_numbers):05}",
        "at": utcnow() - timedelta(minutes=1),
        "activity": "Patch DeviceManagementConfigurationPolicy",
        "operation": "update",
        "is_success": True,
        "doer_kind": "person",
        "doer_name": "anna@contoso.example",
        "doer_id": "7",
        "app_name": None,
        "app_id": None,
        "address": None,
        "category": "DeviceConfiguration",
        "correlation_id": None,
        "object_type": "DeviceManagementConfigurationPolicy",
        "object_name": None,
        "object_ids": object_ids,
        "properties": (),
        "policy_types": ("configurationPolicies",),
        "is_twin": False,
    } | values


def save(tenant, *events, log=TenantLog.INTUNE, principal=None, link=None):
    window = Window(utcnow() - timedelta(hours=1), utcnow())
    own = OwnApp(str(tenant.client_id), principal)
    return tenant_events.save(tenant, log, list(events), own, window, link)
