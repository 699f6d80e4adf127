"""The words of the audit log: each action's title, its group in the filter, and its sentences.

A sentence is one string with placeholders, which audit_sentences.py fills. A detail of the event is a placeholder of
its own name. ` — {reason}` goes where there is no reason.
"""

from db.audit.audit import Action
from db.states import RunKind, RunState
from web.views.audit_acts.audit_act import UNCOUNTED, AuditAct
from web.views.audit_acts.connection_acts import CONNECTION_ACTS
from web.views.audit_acts.consent_acts import CONSENT_ACTS
from web.views.audit_acts.disclosure_acts import DISCLOSURE_ACTS
from web.views.audit_acts.following_acts import FOLLOWING_ACTS
from web.views.audit_acts.import_acts import COPY_ACTS, IMPORT_ACTS
from web.views.audit_acts.keeping_acts import KEEPING_ACTS
from web.views.audit_acts.rollout_acts import ROLLOUT_ACTS
from web.views.audit_acts.schedule_acts import SCHEDULE_ACTS
from web.views.audit_acts.standard_acts import STANDARD_ACTS, STANDARDS

SIGNING_IN, PEOPLE, TENANTS, BACKUPS = "Signing in", "People and roles", "Tenants", "Backups and runs"
CHANGES = "Changes"
RESTORES, SCHEDULES, SECRETS, INSTALLATION = "Restores", "Schedules and retention", "Secrets and access", "Installation"

ACTS: dict[Action, AuditAct] = {
    Action.SIGN_IN: AuditAct(
        SIGNING_IN, "Signed in", "{who} signed in ({by})", "A sign-in as {who} was refused ({by})"
    ),
    Action.SIGN_OUT: AuditAct(SIGNING_IN, "Signed out", "{who} signed out"),
    Action.SESSIONS_ENDED: AuditAct(
        SIGNING_IN,
        "Ended sessions",
        "{who} signed {person} out of {sessions} browsers",
        own="{who} signed out of {sessions} other browsers",
        one="{who} signed {person} out of 1 browser",
        counts="sessions",
    ),
    Action.SECOND_FACTOR_ON: AuditAct(
        SIGNING_IN,
        "Turned sign-in codes on",
        "{who} turned sign-in codes on for {person}",
        own="{who} turned sign-in codes on",
    ),
    Action.SECOND_FACTOR_OFF: AuditAct(
        SIGNING_IN,
        "Turned sign-in codes off",
        "{who} turned sign-in codes off for {person}",
        own="{who} turned their sign-in codes off",
    ),
    Action.RECOVERY_CODES_MADE: AuditAct(
        SIGNING_IN,
        "Made recovery codes",
        "{who} made recovery codes for {person}",
        own="{who} made new recovery codes",
    ),
    Action.RECOVERY_CODE_USED: AuditAct(
        SIGNING_IN, "Used a recovery code", "{person} used a recovery code; {left} are left"
    ),
    Action.PASSKEY_ADDED: AuditAct(
        SIGNING_IN,
        "Added a passkey",
        "{who} added the passkey “{name}” for {person}",
        own="{who} added the passkey “{name}”",
    ),
    Action.PASSKEY_REMOVED: AuditAct(
        SIGNING_IN,
        "Removed a passkey",
        "{who} removed the passkey “{name}” of {person}",
        own="{who} removed their passkey “{name}”",
    ),
    Action.PASSKEY_CLONED: AuditAct(
        SIGNING_IN,
        "Refused a copied passkey",
        "The passkey “{name}” of {person} was refused: there are two copies of it",
    ),
    Action.TOKEN_MADE: AuditAct(
        SIGNING_IN,
        "Made an API token",
        "{who} made the API token “{name}” for {person}, with the scopes {scopes}",
        own="{who} made the API token “{name}”, with the scopes {scopes}",
    ),
    Action.TOKEN_ENDED: AuditAct(
        SIGNING_IN,
        "Ended an API token",
        "{who} ended the API token “{name}” of {person}",
        own="{who} ended their API token “{name}”",
    ),
    Action.TOKEN_REFUSED: AuditAct(
        SIGNING_IN, "An API token was refused", "The API token “{name}” of {person} was refused: {why}"
    ),
    Action.ENTRA_GRANT_SET: AuditAct(
        PEOPLE,
        "Set what Entra ID grants",
        "{who} let Entra ID’s “{subject}” give the role {gives} in the tenants tagged “{tag}”",
        varies_by="tag",
        variants={"None": "{who} let Entra ID’s “{subject}” give the role {gives} in {tenant}"},
    ),
    Action.ENTRA_GRANT_REMOVED: AuditAct(
        PEOPLE,
        "Removed what Entra ID grants",
        "{who} no longer lets Entra ID’s “{subject}” give the role {gives} in the tenants tagged “{tag}”",
        varies_by="tag",
        variants={"None": "{who} no longer lets Entra ID’s “{subject}” give the role {gives} in {tenant}"},
    ),
    Action.USER_ADDED: AuditAct(
        PEOPLE,
        "Added a user",
        "{who} added {person} as {site_role}",
        own="{person} was added at their first sign-in with Entra ID",
        varies_by="site_role",
        variants={"none": "{who} added {person}"},
    ),
    Action.USER_CHANGED: AuditAct(
        PEOPLE, "Changed a user", "{who} changed {person}: {changed}", own="{who} changed their {changed}"
    ),
    Action.MEMBER_SET: AuditAct(PEOPLE, "Gave a role in a tenant", "{who} made {person} {role} of {tenant}"),
    Action.MEMBER_REMOVED: AuditAct(PEOPLE, "Took a role in a tenant", "{who} took {person}’s role in {tenant}"),
    Action.TAG_MEMBER_SET: AuditAct(
        PEOPLE, "Gave a role by a tag", "{who} made {person} {role} of the tenants tagged “{tag}”"
    ),
    Action.TAG_MEMBER_REMOVED: AuditAct(
        PEOPLE, "Took a role by a tag", "{who} took {person}’s role in the tenants tagged “{tag}”"
    ),
    Action.ACCESS: AuditAct(SECRETS, "Was refused access", "{who} was refused: {method} {path}"),
    Action.RUN_REQUESTED: AuditAct(
        BACKUPS,
        "Started a run",
        "{who} started {run} in {tenant}",
        varies_by="kind",
        variants={
            RunKind.SYNC: "{who} started a sync of {tenant}: {run}",
            RunKind.LOOK: "{who} looked what changed in {tenant}: {run}",
            RunKind.CAPTURE_SNAPSHOT: "{who} started the capture of a policy of {tenant}: {run}",
            RunKind.BACK_UP: "{who} started a backup of {tenant}: {run}",
            RunKind.UPLOAD: "{who} uploaded a backup set for {tenant}: {run}",
            RunKind.IMPORT: "{who} imported policies of another tool for {tenant}: {run}",
            RunKind.PREVIEW: "{who} previewed a restore to {tenant}: {run}",
            RunKind.RESTORE: "{who} started a restore to {tenant}: {run}",
            RunKind.CONNECT: "{who} started to connect {tenant}: {run}",
            RunKind.CREDENTIAL: "{who} started the check of a new credential of {tenant}: {run}",
            RunKind.PRUNE: "{who} started the clean-up of {tenant}: {run}",
            RunKind.WATCH: "{who} looked for changes in {tenant}: {run}",
            RunKind.DOCUMENT: "{who} had a document of {tenant} made: {run}",
            RunKind.READINESS: "{who} asked what of {tenant} could be restored: {run}",
            RunKind.LOOK_UP: "{who} looked up what a person or device gets in {tenant}: {run}",
            RunKind.REHEARSE: "{who} started a rehearsal of {tenant}: {run}",
            RunKind.PUSH: "{who} started to copy a backup set of {tenant} elsewhere: {run}",
        },
    ),
    Action.RUN_ENDED: AuditAct(
        BACKUPS,
        "A run ended",
        "{run} in {tenant} ended: {counts}",
        varies_by="state",
        variants={
            RunState.SUCCEEDED: "{run} in {tenant} succeeded: {counts}",
            RunState.PARTIAL: "{run} in {tenant} succeeded in part: {counts}",
            RunState.FAILED: "{run} in {tenant} failed: {counts}",
            RunState.CANCELLED: "{run} in {tenant} was cancelled: {counts}",
            RunState.SUCCEEDED + UNCOUNTED: "{run} in {tenant} succeeded",
            RunState.FAILED + UNCOUNTED: "{run} in {tenant} failed",
            RunState.CANCELLED + UNCOUNTED: "{run} in {tenant} was cancelled",
        },
    ),
    Action.RUN_CANCEL: AuditAct(BACKUPS, "Asked to cancel a run", "{who} asked to cancel {run} in {tenant}"),
    Action.SNAPSHOT_CAPTURED: AuditAct(
        BACKUPS,
        "Captured a policy",
        "{who} captured {policy} of {tenant} in {run}",
        varies_by="outcome",
        variants={"unchanged": "{who} captured {policy} of {tenant} in {run}: unchanged"},
    ),
    Action.SET_COMPLETED: AuditAct(
        BACKUPS,
        "Finished a backup set",
        "{backup_set} of {tenant} was finished with {snapshots} policies in {run}",
        "{backup_set} of {tenant} is incomplete, with {snapshots} policies in {run}",
    ),
    Action.SET_PINNED: AuditAct(
        SCHEDULES, "Protected a backup set", "{who} protected {backup_set} of {tenant} from deletion — {reason}"
    ),
    Action.SET_UNPINNED: AuditAct(
        SCHEDULES,
        "Ended the protection of a backup set",
        "{who} no longer protects {backup_set} of {tenant} from deletion",
    ),
    Action.RETENTION_SET: AuditAct(
        SCHEDULES,
        "Set the retention",
        "{who} set the retention of {tenant}: {rules}",
        varies_by="rules",
        variants={"None": "{who} turned retention off for {tenant}: all backups stay"},
    ),
    **SCHEDULE_ACTS,
    Action.RESTORE_REQUESTED: AuditAct(
        RESTORES,
        "Prepared a restore",
        "{who} prepared {restore} of {items} policies from {source} to {tenant}",
        one="{who} prepared {restore} of 1 policy from {source} to {tenant}",
        counts="items",
    ),
    Action.RESTORE_CHANGED: AuditAct(
        RESTORES, "Changed a restore", "{who} changed the {changed} of {restore} to {tenant}"
    ),
    Action.CONFIRMATION_ASKED: AuditAct(
        RESTORES, "Asked for a confirmation", "{who} asked for somebody to confirm {restore} to {tenant}: {asked}"
    ),
    Action.RESTORE_APPROVED: AuditAct(
        RESTORES, "Approved a restore", "{who} approved {restore} to {tenant} — {reason}"
    ),
    Action.RESTORE_STARTED: AuditAct(RESTORES, "Started a restore", "{who} started {restore} to {tenant} — {reason}"),
    Action.RESTORE_GUARD: AuditAct(
        RESTORES,
        "Passed the Conditional Access guard",
        "{who} let {restore} write what the guard holds back in {tenant}: {policies} — {reason}",
    ),
    Action.RETRY_APPROVED: AuditAct(
        RESTORES, "Approved another try of a restore", "{who} approved another try of {restore} to {tenant} — {reason}"
    ),
    Action.RESTORE_RETRIED: AuditAct(
        RESTORES, "Tried a restore again", "{who} tried again what {restore} to {tenant} had left"
    ),
    Action.RESTORE_CANCELLED: AuditAct(RESTORES, "Cancelled a restore", "{who} cancelled {restore} to {tenant}"),
    Action.RESTORE_ENDED: AuditAct(
        RESTORES,
        "A restore ended",
        "{requester} restored {written} policies to {tenant} — {reason} ({restore})",
        "{requester} restored {written} policies to {tenant}, and {unwritten} could not be — {reason} ({restore})",
        one="{requester} restored 1 policy to {tenant} — {reason} ({restore})",
        counts="written",
    ),
    Action.POLICY_WRITTEN: AuditAct(
        RESTORES,
        "Wrote a policy",
        "{who} wrote {policy} to {tenant} in {restore}: {outcome}",
        "{who} could not write {policy} to {tenant} in {restore}: {outcome}",
    ),
    Action.MAPPING_SET: AuditAct(
        RESTORES, "Set a replacement", "{who} chose a replacement in {tenant} ({kind}): {target} stands for {source}"
    ),
    Action.MAPPING_REMOVED: AuditAct(
        RESTORES, "Removed a replacement", "{who} removed in {tenant} what stood for the {kind} {source}"
    ),
    Action.STATE_APPROVED: AuditAct(
        CHANGES,
        "Approved a state",
        "{who} approved {what} of {tenant}: {policies} policies — {reason}",
        one="{who} approved {what} of {tenant}: 1 policy — {reason}",
        counts="policies",
    ),
    Action.APPROVAL_TAKEN_BACK: AuditAct(
        CHANGES,
        "Took an approval back",
        "{who} took back what was approved of {tenant}: {what}, {policies} policies",
        one="{who} took back what was approved of {tenant}: {what}, 1 policy",
        counts="policies",
    ),
    Action.IGNORED_FIELD_ADDED: AuditAct(
        CHANGES, "Ignored a field", "{who} lets {path} be ignored in policies of type {policy_type}"
    ),
    Action.IGNORED_FIELD_REMOVED: AuditAct(
        CHANGES, "Stopped ignoring a field", "{who} lets {path} count again in policies of type {policy_type}"
    ),
    Action.SEVERITY_RULE_SET: AuditAct(
        CHANGES,
        "Set a severity rule",
        "{who} set the severity rule {rule} to {severity}",
        varies_by="is_active",
        variants={"False": "{who} switched the severity rule {rule} off"},
    ),
    Action.SEVERITY_RULE_REMOVED: AuditAct(
        CHANGES, "Removed a severity rule", "{who} took back what was set for the severity rule {rule}"
    ),
    Action.CHANGES_ACCEPTED: AuditAct(
        CHANGES,
        "Accepted changes",
        "{who} accepted {changes} changes of {tenant} until {until} — {reason}",
        one="{who} accepted 1 change of {tenant} until {until} — {reason}",
        counts="changes",
        varies_by="until",
        variants={"None": "{who} accepted {changes} changes of {tenant} for good — {reason}"},
        one_variants={"None": "{who} accepted 1 change of {tenant} for good — {reason}"},
    ),
    Action.CHANGES_REOPENED: AuditAct(
        CHANGES,
        "Opened changes again",
        "{who} opened {changes} accepted changes of {tenant} again: {why}",
        one="{who} opened 1 accepted change of {tenant} again: {why}",
        counts="changes",
    ),
    Action.TENANT_ADDED: AuditAct(TENANTS, "Added a tenant", "{who} added the tenant {tenant}"),
    Action.TENANT_CHANGED: AuditAct(TENANTS, "Changed a tenant", "{who} changed {tenant}: {changed}"),
    Action.TENANT_TAGGED: AuditAct(
        TENANTS,
        "Tagged a tenant",
        "{who} changed the tags of {tenant}: {added} added, {removed} removed",
        varies_by="removed",
        variants={"[]": "{who} tagged {tenant}: {added}"},
    ),
    Action.TENANT_WATCHED: AuditAct(
        TENANTS,
        "Switched watching",
        "{who} had {tenant} watched for changes",
        varies_by="is_on",
        variants={"False": "{who} ended the watching of {tenant}"},
    ),
    Action.DEFAULTS_SET: AuditAct(
        TENANTS,
        "Set what new tenants get",
        "{who} changed what new tenants tagged “{tag}” get: {changed}",
        varies_by="tag",
        variants={"None": "{who} changed what new tenants get: {changed}"},
    ),
    Action.RULES_ASKED: AuditAct(
        TENANTS, "Asked to weaken restore rules", "{who} asked to weaken the restore rules of {tenant}: {changes}"
    ),
    Action.RULES_CONFIRMED: AuditAct(
        TENANTS,
        "Confirmed weaker restore rules",
        "{who} confirmed what {asked_by} asked for the restore rules of {tenant}: {changes}",
    ),
    Action.RULES_REJECTED: AuditAct(
        TENANTS,
        "Rejected weaker restore rules",
        "{who} rejected what {asked_by} asked for the restore rules of {tenant}: {changes}",
    ),
    **CONNECTION_ACTS,
    **IMPORT_ACTS,
    **STANDARD_ACTS,
    **FOLLOWING_ACTS,
    **KEEPING_ACTS,
    **ROLLOUT_ACTS,
    **COPY_ACTS,
    **CONSENT_ACTS,
    **DISCLOSURE_ACTS,
    Action.TENANT_SWITCHED_OFF: AuditAct(
        TENANTS,
        "Switched a tenant off",
        "{who} switched {tenant} off and cancelled {cancelled_runs} runs",
        one="{who} switched {tenant} off and cancelled 1 run",
        counts="cancelled_runs",
    ),
    Action.TENANT_SWITCHED_ON: AuditAct(TENANTS, "Switched a tenant on", "{who} switched {tenant} on"),
    Action.TENANT_REMOVED: AuditAct(TENANTS, "Removed a tenant", "{tenant} was removed with all its data"),
    Action.CHANNEL_ADDED: AuditAct(INSTALLATION, "Added a channel for notices", "{who} added the {subject}: {address}"),
    Action.CHANNEL_CHANGED: AuditAct(
        INSTALLATION, "Changed a channel for notices", "{who} changed the {subject}: {changed}"
    ),
    Action.CHANNEL_REMOVED: AuditAct(
        INSTALLATION, "Removed a channel for notices", "{who} removed the {subject}: {address}"
    ),
    Action.CHANNEL_TESTED: AuditAct(
        INSTALLATION, "Tested a channel for notices", "{who} sent a test through the {subject}"
    ),
    Action.NOTICE_RULE_SET: AuditAct(
        INSTALLATION, "Set a rule for notices", "{who} set a rule of the {subject}: {events}"
    ),
    Action.NOTICE_RULE_REMOVED: AuditAct(
        INSTALLATION, "Removed a rule for notices", "{who} removed a rule of the {subject}: {events}"
    ),
    Action.AUDIT_EXPORTED: AuditAct(
        INSTALLATION,
        "Exported the audit log",
        "{who} exported the audit log: {rows} events",
        one="{who} exported the audit log: 1 event",
        counts="rows",
    ),
    Action.AUDIT_VERIFIED: AuditAct(
        INSTALLATION,
        "Verified the audit log",
        "The audit log was verified: none of {events} events changed or missing",
        "The audit log was verified: {faults} faults in {events} events",
    ),
    Action.AUDIT_ACCEPTED: AuditAct(
        INSTALLATION, "Accepted the audit log as it is", "{who} accepted the audit log as it is — {reason}"
    ),
    Action.KEYS_ROTATED: AuditAct(
        INSTALLATION, "Rotated the keys", "{who} rotated the keys: {resealed} values sealed again"
    ),
    Action.EXPORTED: AuditAct(INSTALLATION, "Exported everything", "{who} exported the installation to {file}"),
    Action.IMPORTED: AuditAct(
        INSTALLATION,
        "Imported everything",
        "{who} imported the export of {made_at}: {rows} rows, {ended_runs} runs ended",
    ),
    Action.RECOVERED: AuditAct(
        INSTALLATION, "Recovered everything", "{who} recovered the state of {made_at} from {store}: {rows} rows"
    ),
    Action.RECOVERY_ENDED: AuditAct(
        INSTALLATION, "Recovered contents", "{who} recovered {contents} contents and {sets} sets; {lost} are lost"
    ),
}


def grouped_actions() -> dict[str, list[tuple[str, str]]]:
    """Return group -> (action, its title), in the order in which the filter offers them."""
    order = (CHANGES, RESTORES, STANDARDS, BACKUPS, SCHEDULES, TENANTS, PEOPLE, SIGNING_IN, SECRETS, INSTALLATION)
    return {group: [(str(action), act.title) for action, act in ACTS.items() if act.group == group] for group in order}
