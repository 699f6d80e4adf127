"""The acts on schedules, on what rehearsals may do, and on deletions that wait, as the audit log tells them."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct

SCHEDULES, TENANTS = "Schedules and retention", "Tenants"

SCHEDULE_ACTS = {
    Action.SCHEDULE_SET: AuditAct(
        SCHEDULES,
        "Set a schedule",
        "{who} set a schedule of {tenant}: {schedule}",
        varies_by="is_paused",
        variants={"True": "{who} paused a schedule of {tenant}: {schedule}"},
    ),
    Action.SCHEDULE_PAUSED: AuditAct(
        SCHEDULES,
        "Paused a schedule that has no next time",
        "A schedule of {tenant} was paused: {schedule}. {why}",
    ),
    Action.SCHEDULE_REMOVED: AuditAct(
        SCHEDULES, "Removed a schedule", "{who} removed a schedule of {tenant}: {schedule}"
    ),
    Action.SCHEDULE_PUT_BACK: AuditAct(
        SCHEDULES, "Put a schedule back", "{who} put a removed schedule of {tenant} back: {schedule}"
    ),
    Action.REHEARSAL_LAB: AuditAct(
        SCHEDULES,
        "Chose the lab of rehearsals",
        "{who} chose the directory {lab} as the lab of {tenant}",
        varies_by="lab",
        variants={"None": "{who} chose that {tenant} is rehearsed in no lab"},
    ),
    Action.REHEARSAL_IS_LAB: AuditAct(
        SCHEDULES,
        "Marked a tenant as a lab",
        "{who} marked {tenant} as a lab: rehearsals of other tenants may write to it",
        varies_by="is_lab",
        variants={"False": "{who} marked {tenant} as no lab any more"},
    ),
    Action.SETS_TO_GO: AuditAct(
        SCHEDULES,
        "Announced a deletion",
        "{who} announced in {run} that {count} backup sets of {tenant} go on {due_at}",
        one="{who} announced in {run} that 1 backup set of {tenant} goes on {due_at}",
        counts="count",
    ),
    Action.DELETION_TAKEN_BACK: AuditAct(
        SCHEDULES,
        "Took a deletion back",
        "{who} protected {count} backup sets of {tenant} from their deletion — {reason}",
        one="{who} protected 1 backup set of {tenant} from its deletion — {reason}",
        counts="count",
    ),
    Action.TENANT_TO_GO: AuditAct(
        TENANTS, "Asked to remove a tenant", "{who} asked to remove {tenant} with all its data on {due_at}"
    ),
    Action.SETS_PRUNED: AuditAct(
        SCHEDULES,
        "Deleted what is old",
        "{who} deleted what is old of {tenant} in {run}: {count} of “{what}”",
    ),
    Action.TENANT_REMOVAL: AuditAct(
        TENANTS, "Began to remove a tenant", "{who} began to remove {tenant} with all its data"
    ),
    Action.TENANT_KEPT: AuditAct(TENANTS, "Took a tenant's removal back", "{who} took the removal of {tenant} back"),
}
