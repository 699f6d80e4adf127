"""The acts on imports of other tools, as the audit log tells them."""

from db.audit.audit import Action
from web.views.installation.audit_act import AuditAct

BACKUPS = "Backups and runs"

IMPORT_ACTS = {
    Action.IMPORT_KEPT: AuditAct(
        BACKUPS, "Kept an import", "{who} kept the import “{name}” of {policies} policies in {tenant}"
    ),
    Action.IMPORT_CHANGED: AuditAct(BACKUPS, "Changed an import", "{who} changed {changed} in the import “{name}”"),
    Action.IMPORT_REMOVED: AuditAct(
        BACKUPS, "Removed an import", "{who} removed the import “{name}” of {policies} policies from {tenant}"
    ),
}
