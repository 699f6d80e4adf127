"""The acts that keep tenants as a standard wants them, and objections to roll-outs, as the audit log tells them."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct

STANDARDS = "Standards"

KEEPING_ACTS = {
    Action.ROLLOUT_OBJECTED: AuditAct(
        STANDARDS, "Objected to a roll-out", "{who} objected to {subject} of “{standard}” in {tenant} — {reason}"
    ),
    Action.ROLLOUT_OBJECTION_TAKEN_BACK: AuditAct(
        STANDARDS,
        "Took an objection back",
        "{who} took back the objection to {subject} of “{standard}” in {tenant}",
    ),
    Action.ROLLOUT_OBJECTION_OVERRIDDEN: AuditAct(
        STANDARDS,
        "Overrode an objection",
        "{who} overrode the objection “{objection}” to {subject} of “{standard}” in {tenant} — {reason}",
    ),
    Action.KEEPING_CHOSEN: AuditAct(
        STANDARDS,
        "Chose what happens when a policy is changed",
        "{who} chose that “{item}” of “{name}” is put back by itself in {tenant}",
        varies_by="choice",
        variants={"tell": "{who} chose that {tenant} is told when “{item}” of “{name}” is changed. {why}"},
    ),
    Action.KEEPING_LIMITED: AuditAct(
        STANDARDS,
        "Limited what is put back by itself",
        "{who} chose that at most {put_backs_a_day} policies of “{name}” are put back by themselves in {tenant} a day",
    ),
}
