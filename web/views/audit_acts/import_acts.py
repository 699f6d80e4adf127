"""The acts on imports of other tools, and on copies elsewhere, as the audit log tells them."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct

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

COPY_ACTS = {
    Action.COPY_STORE_ADDED: AuditAct(
        BACKUPS, "Added a store of copies", "{who} added {subject} at {address}; copies stay {copy_days} days"
    ),
    Action.COPY_STORE_CHANGED: AuditAct(BACKUPS, "Changed a store of copies", "{who} changed {subject}: {changed}"),
    Action.COPY_STORE_REMOVED: AuditAct(
        BACKUPS, "Removed a store of copies", "{who} removed {subject} at {address}; what is in it stays there"
    ),
    Action.COPY_STORE_ASKED: AuditAct(
        BACKUPS,
        "Asked something of a store of copies",
        "{who} asked for work at {subject}",
        varies_by="what",
        variants={
            "check": "{who} asked to check the lock of {subject}",
            "verify": "{who} asked to read back a sample of {subject}",
            "push": "{who} asked to push what is missing to {subject}",
            "take_back": "{who} took {subject} back from another installation of the same name",
            "seen": "{who} has looked into what was lost or changed at {subject}",
        },
    ),
    Action.RECOVERY_KEY_PROVED: AuditAct(
        BACKUPS, "Proved a recovery key", "{who} proved that the recovery key opens {subject} as of {state_at}"
    ),
    Action.RECOVERY_KEY_ADDED: AuditAct(
        BACKUPS, "Added a recovery key", "{who} added {subject}: its public half is {recipient}"
    ),
    Action.RECOVERY_KEY_ASKED: AuditAct(
        BACKUPS, "Asked for proof of a recovery key", "{who} had a text sealed to {subject}, to be opened as a proof"
    ),
    Action.RECOVERY_KEY_HELD: AuditAct(
        BACKUPS,
        "Proved to have a recovery key",
        "{who} proved to have {subject}",
        varies_by="how",
        variants={
            "word": "{who} proved to have {subject}, by the word of a text sealed to it",
            "key": "{who} proved to have {subject}, by the key itself",
            "store": "{who} proved to have {subject}, by opening a store with it",
        },
    ),
    Action.RECOVERY_KEY_RETIRED: AuditAct(
        BACKUPS,
        "Retired a recovery key",
        "{who} retired {subject}; nothing new is sealed to {recipient}",
    ),
    Action.SET_COPIED: AuditAct(
        BACKUPS, "Copied a backup set elsewhere", "{subject} of {tenant} was copied to {store} with {contents} contents"
    ),
    Action.COPY_REMOVED: AuditAct(
        BACKUPS,
        "Removed a copy that was kept long enough",
        "The copy of {subject} of {tenant} was removed from {store}",
    ),
    Action.COPIES_TO_GO: AuditAct(
        BACKUPS,
        "Asked to delete the copies of a removed tenant",
        "{who} asked to delete all {subject} in {store} from {due_at} on; its directory id is {directory_id}",
    ),
    Action.COPIES_KEPT: AuditAct(
        BACKUPS,
        "Took the deletion of a removed tenant's copies back",
        "{who} took the deletion of the {subject} in {store} back; its directory id is {directory_id}",
    ),
    Action.COPIES_ERASED: AuditAct(
        BACKUPS,
        "Deleted the copies of a removed tenant",
        "All {subject} in {store} were deleted: {sets} backup sets, {contents} contents; its directory id is "
        "{directory_id}",
    ),
}
