"""Permissions that a plan needs: what the tenant has not granted blocks an item before anything is written."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from actors.reading.graph_errors import why_forbidden
from actors.tenants import graph_clients
from db.models import RestoreItem, Tenant
from db.states import WRITTEN_OUTCOMES, AppAccess
from graph.errors import Forbidden
from graph.policy_types.permissions import Access
from graph.policy_types.table import POLICY_TYPES
from graph.restore.plan_case import ItemPlan
from graph.write.write_rules import WRITE_RULES


class PlanPermissions:
    """The permissions of one preview's target tenant. `listed`: policy type -> its list, or why there is none."""

    def __init__(self, tenant: Tenant, listed: Mapping[str, Any]) -> None:
        self._tenant, self._listed = tenant, listed

    def check(self, item: RestoreItem, plan: ItemPlan) -> ItemPlan:
        """Return the plan, or a blocked one that says which permission is missing."""
        if isinstance(self._listed[item.policy_type], Forbidden):
            return self._forbidden(POLICY_TYPES[item.policy_type].access, AppAccess.READ)
        access = WRITE_RULES[item.policy_type].access
        is_written = plan.action in WRITTEN_OUTCOMES
        return self._forbidden(access, AppAccess.WRITE) if is_written and not self.may_write(access) else plan

    def may_write(self, access: Access) -> bool:
        return access.may_be_granted(self._write_roles)

    @cached_property
    def _write_roles(self) -> frozenset[str]:
        return graph_clients.write_roles(self._tenant)

    def _forbidden(self, access: Access, app: AppAccess) -> ItemPlan:
        return ItemPlan("blocked", "permission_missing", why_forbidden(access, self._tenant, "preview again", app=app))
