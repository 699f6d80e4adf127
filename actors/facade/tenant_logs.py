"""A tenant's own audit logs, for pages, which know nothing of Graph: which log tells of a policy, and what it needs."""

from collections.abc import Mapping

from db.states import TenantLog
from graph.policy_types.table import POLICY_TYPES

# The permissions that reading each log needs, as Entra names them.
PERMISSIONS: Mapping[TenantLog, str] = {
    TenantLog.INTUNE: "DeviceManagementApps.Read.All",
    TenantLog.ENTRA: "AuditLog.Read.All",
}
_REFUSALS = frozenset({"forbidden", "not_permitted"})
_OF_INTUNE = ("/deviceManagement", "/deviceAppManagement")


def log_of(policy_type: str) -> TenantLog:
    """Return the log in which changes of such policies are told."""
    row = POLICY_TYPES.get(policy_type)
    return TenantLog.INTUNE if row is None or row.path.startswith(_OF_INTUNE) else TenantLog.ENTRA


def is_refusal(error_code: str | None) -> bool:
    """Tell whether a log could not be read because the permission is missing."""
    return error_code in _REFUSALS
