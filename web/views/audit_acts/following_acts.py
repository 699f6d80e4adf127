"""The acts on who follows a standard, and with which exceptions, as the audit log tells them."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct
from web.views.audit_acts.standard_acts import STANDARDS

FOLLOWING_ACTS = {
    Action.STANDARD_ADOPTED: AuditAct(
        STANDARDS,
        "Let a tenant follow a standard",
        "{tenant} follows the standard “{name}” in the ring “{ring}”, by its tag “{tag}”",
        varies_by="tag",
        variants={"None": "{who} let {tenant} follow the standard “{name}” in the ring “{ring}”"},
    ),
    Action.STANDARD_LEFT: AuditAct(
        STANDARDS,
        "Let a tenant follow a standard no longer",
        "{who} let {tenant} follow the standard “{name}” no longer; {exceptions} exceptions ended",
        one="{who} let {tenant} follow the standard “{name}” no longer; 1 exception ended",
        counts="exceptions",
    ),
    Action.STANDARD_RING_SET: AuditAct(
        STANDARDS,
        "Put a tenant into a ring",
        "{who} put {tenant} into the ring “{ring}” of the standard “{name}”",
    ),
    Action.STANDARD_VALUES_SET: AuditAct(
        STANDARDS,
        "Set what a standard has otherwise in a tenant",
        "{who} set what the standard “{name}” has in {tenant}: {changed}",
    ),
    Action.STANDARD_TAG_SET: AuditAct(
        STANDARDS,
        "Let a tag follow a standard",
        "{who} let every tenant tagged “{tag}” follow the standard “{name}” in the ring “{ring}”",
    ),
    Action.STANDARD_TAG_REMOVED: AuditAct(
        STANDARDS,
        "Let a tag follow a standard no longer",
        "{who} let tenants tagged “{tag}” follow the standard “{name}” no longer",
    ),
    Action.EXCEPTION_ASKED: AuditAct(
        STANDARDS,
        "Asked for an exception",
        "{who} asked that tenants tagged “{tag}” may have “{item}” of the standard “{name}” otherwise — {reason}",
        varies_by="tag",
        variants={"None": "{who} asked that {tenant} may have “{item}” of the standard “{name}” otherwise — {reason}"},
    ),
    Action.EXCEPTION_APPROVED: AuditAct(
        STANDARDS,
        "Approved an exception",
        "{who} approved that tenants tagged “{tag}” have “{item}” of the standard “{name}” otherwise — {reason}",
        varies_by="tag",
        variants={"None": "{who} approved that {tenant} has “{item}” of the standard “{name}” otherwise — {reason}"},
    ),
    Action.EXCEPTION_ENDED: AuditAct(
        STANDARDS,
        "Ended an exception",
        "{who} ended the exception of tenants tagged “{tag}” for “{item}” of the standard “{name}” — {reason}",
        varies_by="tag",
        variants={"None": "{who} ended the exception of {tenant} for “{item}” of the standard “{name}” — {reason}"},
    ),
}
