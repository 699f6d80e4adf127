"""The acts on roll-outs of standards, as the audit log tells them."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct
from web.views.audit_acts.standard_acts import STANDARDS

ROLLOUT_ACTS = {
    Action.ROLLOUT_ASKED: AuditAct(
        STANDARDS,
        "Asked for a roll-out",
        "{who} asked to roll version {version} of the standard “{standard}” out to the ring {ring}: {subject}",
        varies_by="kind",
        variants={
            "switch_on": "{who} asked to switch on in the ring {ring} what arrived report-only with version {version} "
            "of the standard “{standard}”: {subject}"
        },
    ),
    Action.ROLLOUT_PLANNED_AGAIN: AuditAct(
        STANDARDS, "Had a roll-out planned again", "{who} had {subject} planned again"
    ),
    Action.ROLLOUT_CONFIRMED: AuditAct(
        STANDARDS, "Confirmed a roll-out", "{who} confirmed {subject} for {tenants} tenants — {reason}"
    ),
    Action.ROLLOUT_PAUSED: AuditAct(STANDARDS, "Paused a roll-out", "{who} paused {subject}"),
    Action.ROLLOUT_WENT_ON: AuditAct(STANDARDS, "Let a roll-out go on", "{who} let {subject} go on"),
    Action.ROLLOUT_STOPPED: AuditAct(
        STANDARDS,
        "Stopped a roll-out",
        "{who} stopped {subject} — {reason}",
        varies_by="by_itself",
        variants={"True": "{subject} stopped by itself: {reason}"},
    ),
    Action.ROLLOUT_TAKEN_UP: AuditAct(
        STANDARDS, "Took a roll-out up again", "{who} had {subject} planned anew for {tenants} tenants that are left"
    ),
    Action.ROLLOUT_ROLLED_BACK: AuditAct(STANDARDS, "Rolled back", "{who} had {subject} rolled back — {reason}"),
    Action.ROLLOUT_ENDED: AuditAct(STANDARDS, "Roll-out ended", "The {subject} ended: {state}"),
}
