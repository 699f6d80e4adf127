"""`/policies/`: the list, a policy's page with its snapshots, and capturing one."""

from typing import Any, ClassVar

from flask import Blueprint, flash, has_request_context, render_template, url_for
from flask_admin import Admin
from flask_admin.actions import action
from flask_admin.contrib.peewee.filters import FilterEqual

import actors.back_up
import actors.capture
from actors import catalogue
from db import snapshots
from db.models import Policy, Run, Tenant
from db.states import PolicyState
from web import starting
from web.access import allowed_tenant_ids, current_actor, fetch, requires
from web.permissions import Permission
from web.text import moment, state_badge
from web.views.base import ListView
from web.views.links import link

pages = Blueprint("policies", __name__, url_prefix="/policies")


class TenantFilter(FilterEqual):
    """Offers the person's own tenants: a free text would tell which other names exist."""

    def get_options(self, view: Any) -> list[tuple[str, str]]:
        if not has_request_context():
            return []  # Flask-Admin asks once at start
        ids = allowed_tenant_ids(Permission.SEE)
        query = Tenant.select(Tenant.id, Tenant.name).order_by(Tenant.name)
        return [(str(row.id), row.name) for row in (query if ids is None else query.where(Tenant.id.in_(ids or [-1])))]

    def clean(self, value: str) -> int:
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else -1


class PolicyList(ListView):
    related = (Policy.tenant,)
    column_list = ("name", "tenant", "policy_type", "state", "modified_at", "last_captured_at", "snapshot_count")
    column_labels: ClassVar = {
        "policy_type": "Type",
        "modified_at": "Modified",
        "last_captured_at": "Last captured",
        "snapshot_count": "Snapshots",
    }
    column_sortable_list = ("name", "last_captured_at")
    column_searchable_list = ("name", "graph_id")
    column_formatters: ClassVar = {
        "name": lambda view, context, row, name: link("policies.page", row.name, policy_id=row.id),
        "tenant": lambda view, context, row, name: link("tenants.page", row.tenant.name, tenant_id=row.tenant_id),
        "policy_type": lambda view, context, row, name: catalogue.title(row.policy_type, row.odata_type),
        "state": lambda view, context, row, name: state_badge(row.state),
        "modified_at": lambda view, context, row, name: moment(row.modified_at),
        "last_captured_at": lambda view, context, row, name: moment(row.last_captured_at),
    }
    export_columns = ("tenant", "policy_type", "graph_id", "name", "state", "modified_at", "last_captured_at")

    @property
    def column_filters(self) -> list[Any]:
        types = list(catalogue.titles().items())
        return [
            TenantFilter(Policy.tenant, "Tenant", options=list),
            FilterEqual(Policy.policy_type, "Type", options=types),
            FilterEqual(Policy.state, "State", options=[(state, state) for state in PolicyState]),
        ]

    @action("capture", "Capture snapshot")
    def capture_selected(self, ids: list[str]) -> None:
        chosen = self.selected(Permission.OPERATE)
        for policy in chosen:
            start = actors.capture.start(policy, current_actor())
            if len(chosen) == 1:
                starting.tell(start)
        if len(chosen) > 1:
            flash(f"{len(chosen)} captures started. Follow them under Runs.", "success")

    @action("back_up", "Back up")
    def back_up_selected(self, ids: list[str]) -> None:
        """One backup set for each tenant among the chosen."""
        of_tenant: dict[Tenant, list[int]] = {}
        for policy in self.selected(Permission.OPERATE):
            of_tenant.setdefault(policy.tenant, []).append(policy.id)
        for tenant, policy_ids in of_tenant.items():
            starting.tell(actors.back_up.start(tenant, current_actor(), policy_ids=policy_ids))


def register(admin: Admin) -> None:
    admin.add_view(PolicyList(Policy, name="Policies", endpoint="policy_list", url="/policies"))


@pages.get("/<policy_id>")
@requires(Permission.SEE)
def page(policy_id: str) -> str:
    policy = fetch(Policy, policy_id, Permission.SEE)
    runs = list(Run.select().where(Run.policy == policy).order_by(Run.id.desc()).limit(8))
    for run in runs:
        run.policy, run.tenant = policy, policy.tenant
    return render_template("policy.html", policy=policy, snapshots=snapshots.of_policy(policy), runs=runs)


@pages.post("/<policy_id>/capture-snapshot")
@requires(Permission.OPERATE)
def capture_snapshot(policy_id: str) -> Any:
    policy = fetch(Policy, policy_id, Permission.OPERATE)
    return starting.answer(actors.capture.start(policy, current_actor()), url_for("policies.page", policy_id=policy.id))
