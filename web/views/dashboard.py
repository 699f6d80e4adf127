"""`/`: the person's tenants at a glance, and what went wrong lately."""

from datetime import timedelta
from typing import Any

import peewee as pw
from flask_admin import AdminIndexView, expose

from db.clock import utcnow
from db.models import Policy, Run, Tenant
from db.states import PolicyState, RunState
from web.access import allowed_tenant_ids, can, requires
from web.permissions import Permission

SHOWN = 8
LATELY = timedelta(days=2)


class Dashboard(AdminIndexView):
    def is_accessible(self) -> bool:
        return True

    @expose("/")
    @requires(Permission.SIGNED_IN)
    def index(self) -> Any:
        ids = allowed_tenant_ids(Permission.SEE)
        return self.render(
            "dashboard.html",
            tenants=_tenants(ids),
            latest=_runs(ids),
            troubled=_runs(ids, (RunState.FAILED, RunState.PARTIAL)),
            sees_tenants=can(Permission.SEE),
        )


def _within(column: Any, ids: list[int] | None) -> Any:
    return pw.SQL("1 = 1") if ids is None else column.in_(ids or [-1])


def _tenants(ids: list[int] | None) -> list[dict[str, Any]]:
    tenants = list(Tenant.select().where(_within(Tenant.id, ids)).order_by(Tenant.name).limit(200))
    present = (
        Policy.select(Policy.tenant, pw.fn.COUNT(Policy.id), pw.fn.COUNT(Policy.last_captured_at))
        .where((Policy.state == PolicyState.PRESENT) & Policy.tenant.in_([one.id for one in tenants] or [-1]))
        .group_by(Policy.tenant)
        .tuples()
    )
    counts = {tenant_id: (policies, captured) for tenant_id, policies, captured in present}
    return [
        {"row": one, "policies": counts.get(one.id, (0, 0))[0], "captured": counts.get(one.id, (0, 0))[1]}
        for one in tenants
    ]


def _runs(ids: list[int] | None, states: tuple[RunState, ...] = ()) -> list[Run]:
    query = (
        Run.select(Run, Tenant, Policy)
        .join(Tenant)
        .join_from(Run, Policy, pw.JOIN.LEFT_OUTER, on=Run.policy)
        .where(_within(Run.tenant, ids) & Run.parent.is_null())
        .order_by(Run.id.desc())
        .limit(SHOWN)
    )
    if states:
        query = query.where(Run.state.in_(states) & (Run.ended_at > utcnow() - LATELY))
    return list(query)
