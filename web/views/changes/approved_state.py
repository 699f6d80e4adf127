"""`/tenants/<id>/approved`: what is approved in a tenant and what stands against it; and the act “this is right”."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import ngettext

from actors.changes import assessment
from actors.facade import policy_type_names
from db.backups import set_approval
from db.changes import approvals, approved_lists
from db.changes.approvals import ApprovalCounts
from db.changes.approved_lists import ApprovedType
from db.changes.approved_states import WHOLE_TENANT
from db.changes.decisions import LONGEST_REASON
from db.errors import Invalid
from db.models import ApprovedScope, BackupSet, Change, Policy, Tenant
from web.change_words import authors
from web.change_words.authors import Author
from web.inputs import form_text
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.views.tenants.tenant_page import TenantPage

pages = Blueprint("approved_state", __name__)

# So many types stand in the open: more of them are one fold, so that what is below is near.
SHOWN, TYPES_SHOWN = 50, 12


@dataclass(frozen=True)
class ApprovedStatePage(TenantPage):
    """The tenant's page, on its tab of what is approved."""

    @cached_property
    def approved_types(self) -> list[ApprovedType]:
        """Return the types, those with changes to decide about or accepted ones first, then by name."""
        rows = approved_lists.by_type(self.tenant)
        return sorted(rows, key=lambda row: (not (row.open_count or row.accepted), self.title_of(row).lower()))

    @property
    def first_types(self) -> list[ApprovedType]:
        return self.approved_types[:TYPES_SHOWN]

    @property
    def more_types(self) -> list[ApprovedType]:
        return self.approved_types[TYPES_SHOWN:]

    @staticmethod
    def title_of(row: ApprovedType) -> str:
        return policy_type_names.title(row.key)

    @cached_property
    def whole(self) -> ApprovedScope | None:
        """The approval of the whole tenant."""
        return approved_lists.scopes(self.tenant).get(WHOLE_TENANT)

    @cached_property
    def standing(self) -> list[tuple[Change, Author]]:
        """The first changes that stand against what is approved, each with who made it."""
        changes = approved_lists.standing(self.tenant, SHOWN)
        found = authors.authors_of(changes)
        return [(change, found[change.id]) for change in changes]

    @property
    def approved_count(self) -> int:
        return sum(row.approved for row in self.approved_types)

    @property
    def open_count(self) -> int:
        return sum(row.open_count for row in self.approved_types)


@pages.get("/tenants/<tenant_id>/approved")
@requires(Permission.SEE)
def page(tenant_id: str) -> str:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    return render_template("changes/approved_state.html", page=ApprovedStatePage(tenant, "approved"))


@pages.post("/tenants/<tenant_id>/approved")
@requires(Permission.MANAGE)
def approve(tenant_id: str) -> Any:
    """Approve a policy type of the tenant as it is now, or all of it."""
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    policy_type = form_text("policy_type")
    if policy_type and policy_type not in policy_type_names.titles():
        flash("There is no such policy type.", "danger")
    else:
        _approved(tenant, approvals.approve_scope(tenant, policy_type, current_actor(), _reason()))
    return redirect(url_for("approved_state.page", tenant_id=tenant.id), 303)


@pages.post("/tenants/<tenant_id>/approved/take-back")
@requires(Permission.MANAGE)
def take_back(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        approvals.take_back_scope(tenant, form_text("policy_type"), current_actor())
        flash("Taken back: nothing of it is open any longer.", "success")
    return redirect(url_for("approved_state.page", tenant_id=tenant.id), 303)


@pages.post("/policies/<policy_id>/approve")
@requires(Permission.MANAGE)
def approve_policy(policy_id: str) -> Any:
    policy = fetch(Policy, policy_id, Permission.MANAGE)
    with refusals_flashed():
        approvals.approve_policies(policy.tenant, [policy.id], current_actor(), _reason())
        flash("Approved: if the policy changes, that is open until somebody decides about it.", "success")
    return redirect(url_for("policies.page", policy_id=policy.id), 303)


@pages.post("/policies/<policy_id>/take-approval-back")
@requires(Permission.MANAGE)
def take_policy_back(policy_id: str) -> Any:
    policy = fetch(Policy, policy_id, Permission.MANAGE)
    with refusals_flashed():
        approvals.take_back_policy(policy, current_actor())
        flash("Taken back: nothing of this policy is open any longer.", "success")
    return redirect(url_for("policies.page", policy_id=policy.id), 303)


@pages.post("/backup-sets/<backup_set_id>/approve")
@requires(Permission.MANAGE)
def approve_set(backup_set_id: str) -> Any:
    """Approve what the set holds. What the tenant has otherwise now is open, and listed on the page that follows."""
    backup_set = fetch(BackupSet, backup_set_id, Permission.MANAGE)
    try:
        _approved(backup_set.tenant, set_approval.approve(backup_set, current_actor(), _reason()))
    except Invalid as e:
        flash(str(e), "danger")
        return redirect(url_for("backup_sets.page", backup_set_id=backup_set.id), 303)
    return redirect(url_for("approved_state.page", tenant_id=backup_set.tenant_id), 303)


def _reason() -> str:
    return form_text("reason", LONGEST_REASON)


def _approved(tenant: Tenant, counts: ApprovalCounts) -> None:
    """Have what differs from it assessed, and say what was approved."""
    assessment.enqueue(tenant)
    flash(_sentence(counts), "warning" if counts.differing else "success")


def _sentence(counts: ApprovalCounts) -> str:
    said = [ngettext("Approved: %(num)s policy.", "Approved: %(num)s policies.", counts.approved)]
    if counts.differing:
        said.append(
            ngettext(
                "%(num)s is otherwise now: look at what is open.",
                "%(num)s are otherwise now: look at what is open.",
                counts.differing,
            )
        )
    if counts.unread:
        said.append(
            ngettext(
                "%(num)s could not be approved, because no backup has read it yet.",
                "%(num)s could not be approved, because no backup has read them yet.",
                counts.unread,
            )
        )
    return " ".join(said)
