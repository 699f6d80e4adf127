"""The acts on standards as the audit log tells them."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct

STANDARDS = "Standards"

STANDARD_ACTS = {
    Action.STANDARD_CREATED: AuditAct(STANDARDS, "Made a standard", "{who} made the standard “{name}”"),
    Action.STANDARD_CHANGED: AuditAct(
        STANDARDS, "Changed a standard", "{who} changed the standard “{name}”: {changed}"
    ),
    Action.STANDARD_ARCHIVED: AuditAct(STANDARDS, "Archived a standard", "{who} archived the standard “{name}”"),
    Action.STANDARD_TAKEN_UP: AuditAct(
        STANDARDS, "Took up an archived standard", "{who} took up the archived standard “{name}” again"
    ),
    Action.STANDARD_VERSION_MADE: AuditAct(
        STANDARDS,
        "Made a version of a standard",
        "{who} made version {version} of the standard “{name}”: {items} policies from {source}",
        one="{who} made version {version} of the standard “{name}”: 1 policy from {source}",
        counts="items",
    ),
}
