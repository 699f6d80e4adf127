"""The acts on schedules and on what rehearsals may do, as the audit log tells them."""

from db.audit.audit import Action
from web.views.installation.audit_act import AuditAct

SCHEDULES = "Schedules and retention"

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
}
