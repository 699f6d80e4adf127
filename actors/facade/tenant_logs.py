"""The audit logs of a tenant's own, for pages, which know nothing of Graph: which of them tells of a policy."""

from db.states import TenantLog
from graph.policy_types.table import POLICY_TYPES

_OF_INTUNE = ("/deviceManagement", "/deviceAppManagement")


def log_of(policy_type: str) -> TenantLog:
    """Return the log in which changes of such policies are told."""
    row = POLICY_TYPES.get(policy_type)
    return TenantLog.INTUNE if row is None or row.path.startswith(_OF_INTUNE) else TenantLog.ENTRA
