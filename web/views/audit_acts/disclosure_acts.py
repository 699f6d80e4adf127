"""The acts that give somebody contents, as the audit log tells them: secrets shown, files and documents downloaded."""

from db.audit.audit import Action
from web.views.audit_acts.audit_act import AuditAct

SECRETS, INSTALLATION = "Secrets and access", "Installation"

DISCLOSURE_ACTS = {
    Action.SECRETS_SHOWN: AuditAct(SECRETS, "Saw secrets", "{who} saw the secrets of {subject} ({where})"),
    Action.SNAPSHOT_DOWNLOADED: AuditAct(SECRETS, "Downloaded a snapshot", "{who} downloaded {subject} from {tenant}"),
    Action.SET_DOWNLOADED: AuditAct(
        SECRETS,
        "Downloaded a backup set",
        "{who} downloaded {backup_set} of {tenant} with {policies} policies",
        one="{who} downloaded {backup_set} of {tenant} with 1 policy",
        counts="policies",
    ),
    Action.DOCUMENT_DOWNLOADED: AuditAct(
        SECRETS,
        "Downloaded a document",
        "{who} downloaded {subject} of {tenant} with {policies} policies",
        one="{who} downloaded {subject} of {tenant} with 1 policy",
        counts="policies",
    ),
    Action.DOCUMENT_PROVIDER_SET: AuditAct(
        INSTALLATION, "Changed whose name documents bear", "{who} set the name on documents: “{name}”"
    ),
}
