"""The acts that the audit log knows, and the details that each carries."""

from enum import StrEnum


class Action(StrEnum):
    """The whole vocabulary, `subject:act`, with the details each act must carry in DETAILS below."""

    SIGN_IN = "session:sign-in"
    SIGN_OUT = "session:sign-out"
    SESSIONS_ENDED = "session:ended-everywhere"
    SECOND_FACTOR_ON = "second-factor:turned-on"
    SECOND_FACTOR_OFF = "second-factor:turned-off"
    RECOVERY_CODES_MADE = "recovery-codes:made"
    RECOVERY_CODE_USED = "recovery-code:used"
    PASSKEY_ADDED = "passkey:added"
    PASSKEY_REMOVED = "passkey:removed"
    PASSKEY_CLONED = "passkey:refused-as-copied"
    TOKEN_MADE = "api-token:made"  # noqa: S105 - acts, no secrets
    TOKEN_ENDED = "api-token:ended"  # noqa: S105
    TOKEN_REFUSED = "api-token:refused"  # noqa: S105
    ENTRA_GRANT_SET = "entra-grant:set"
    ENTRA_GRANT_REMOVED = "entra-grant:removed"
    ACCESS = "access:refused"
    RUN_REQUESTED = "run:requested"
    RUN_ENDED = "run:ended"
    RUN_CANCEL = "run:cancel-requested"
    SNAPSHOT_CAPTURED = "snapshot:captured"
    SNAPSHOT_DOWNLOADED = "snapshot:downloaded"
    TENANT_ADDED = "tenant:added"
    TENANT_CHANGED = "tenant:changed"
    TENANT_TAGGED = "tenant:tagged"
    TENANT_WATCHED = "tenant:watched"
    DEFAULTS_SET = "tenant-defaults:set"
    RULES_ASKED = "tenant:rules-asked"
    RULES_CONFIRMED = "tenant:rules-confirmed"
    RULES_REJECTED = "tenant:rules-rejected"
    CREDENTIAL_GIVEN = "credential:given"
    CREDENTIAL_TRIED = "credential:tried"
    CREDENTIAL_IN_FORCE = "credential:in-force"
    CREDENTIAL_SWITCHED_BACK = "credential:switched-back"
    CREDENTIAL_FORGOTTEN = "credential:forgotten"
    SHARED_APP_SET = "shared-app:set"
    SHARED_APP_REMOVED = "shared-app:removed"
    SHARED_CREDENTIAL_GIVEN = "shared-credential:given"
    SHARED_CREDENTIAL_TRIED = "shared-credential:tried"
    SHARED_CREDENTIAL_IN_FORCE = "shared-credential:in-force"
    SHARED_CREDENTIAL_FORGOTTEN = "shared-credential:forgotten"
    CONSENT_ASKED = "consent:asked"
    CONSENT_LINK_MADE = "consent:link-made"
    CONSENT_ANSWERED = "consent:answered"
    CONSENT_CONFIRMED = "consent:confirmed"
    CONSENT_REJECTED = "consent:rejected"
    CONSENT_WITHDRAWN = "consent:withdrawn"
    TENANT_CONNECTED = "tenant:connected"
    TENANT_NOT_CONNECTED = "tenant:not-connected"
    TENANT_DISCONNECTED = "tenant:disconnected"
    TENANT_SWITCHED_OFF = "tenant:switched-off"
    TENANT_SWITCHED_ON = "tenant:switched-on"
    TENANT_TO_GO = "tenant:removal-announced"
    TENANT_KEPT = "tenant:removal-taken-back"
    TENANT_REMOVAL = "tenant:removal-begun"
    TENANT_REMOVED = "tenant:removed"
    USER_ADDED = "user:added"
    USER_CHANGED = "user:changed"
    MEMBER_SET = "membership:set"
    MEMBER_REMOVED = "membership:removed"
    TAG_MEMBER_SET = "tag-membership:set"
    TAG_MEMBER_REMOVED = "tag-membership:removed"
    SECRETS_SHOWN = "secrets:shown"
    DOCUMENT_DOWNLOADED = "document:downloaded"
    DOCUMENT_PROVIDER_SET = "document-provider:set"
    AUDIT_EXPORTED = "audit:exported"
    AUDIT_VERIFIED = "audit:verified"
    AUDIT_ACCEPTED = "audit:accepted"
    KEYS_ROTATED = "keys:rotated"
    EXPORTED = "installation:exported"
    IMPORTED = "installation:imported"
    RECOVERED = "installation:recovered"
    RECOVERY_ENDED = "installation:recovery_ended"
    RECOVERY_KEY_PROVED = "copy-store:key_proved"
    RECOVERY_KEY_ADDED = "recovery-key:added"
    RECOVERY_KEY_ASKED = "recovery-key:proof-asked"
    RECOVERY_KEY_HELD = "recovery-key:proved"
    RECOVERY_KEY_RETIRED = "recovery-key:retired"
    SET_COMPLETED = "backup-set:completed"
    SET_DOWNLOADED = "backup-set:downloaded"
    SET_PINNED = "backup-set:pinned"
    SET_UNPINNED = "backup-set:unpinned"
    SETS_PRUNED = "backup-sets:pruned"
    SETS_TO_GO = "backup-sets:deletion-announced"
    DELETION_TAKEN_BACK = "backup-sets:deletion-taken-back"
    RETENTION_SET = "retention:set"
    REHEARSAL_LAB = "rehearsal-lab:set"
    REHEARSAL_IS_LAB = "rehearsal-lab:marked"
    SCHEDULE_SET = "schedule:set"
    SCHEDULE_PAUSED = "schedule:paused"
    SCHEDULE_REMOVED = "schedule:removed"
    SCHEDULE_PUT_BACK = "schedule:put-back"
    RESTORE_REQUESTED = "restore:requested"
    RESTORE_CHANGED = "restore:changed"
    CONFIRMATION_ASKED = "restore:confirmation-asked"
    RESTORE_APPROVED = "restore:approved"
    RESTORE_STARTED = "restore:started"
    RESTORE_GUARD = "restore:guard-overridden"
    RETRY_APPROVED = "restore:retry-approved"
    RESTORE_RETRIED = "restore:retried"
    RESTORE_CANCELLED = "restore:cancelled"
    RESTORE_ENDED = "restore:ended"
    POLICY_WRITTEN = "policy:written"
    MAPPING_SET = "mapping:set"
    MAPPING_REMOVED = "mapping:removed"
    STATE_APPROVED = "approved-state:set"
    APPROVAL_TAKEN_BACK = "approved-state:taken-back"
    IGNORED_FIELD_ADDED = "ignored-field:added"
    IGNORED_FIELD_REMOVED = "ignored-field:removed"
    SEVERITY_RULE_SET = "severity-rule:set"
    SEVERITY_RULE_REMOVED = "severity-rule:removed"
    CHANGES_ACCEPTED = "changes:accepted"
    CHANGES_REOPENED = "changes:reopened"
    ROLLOUT_OBJECTED = "rollout:objected"
    ROLLOUT_OBJECTION_TAKEN_BACK = "rollout:objection-taken-back"
    ROLLOUT_OBJECTION_OVERRIDDEN = "rollout:objection-overridden"
    KEEPING_CHOSEN = "keeping:chosen"
    KEEPING_LIMITED = "keeping:limited"
    CHANNEL_ADDED = "channel:added"
    CHANNEL_CHANGED = "channel:changed"
    CHANNEL_REMOVED = "channel:removed"
    CHANNEL_TESTED = "channel:tested"
    NOTICE_RULE_SET = "notice-rule:set"
    NOTICE_RULE_REMOVED = "notice-rule:removed"
    COPY_STORE_ADDED = "copy-store:added"
    COPY_STORE_CHANGED = "copy-store:changed"
    COPY_STORE_REMOVED = "copy-store:removed"
    COPY_STORE_ASKED = "copy-store:asked"
    SET_COPIED = "backup-set:copied"
    COPY_REMOVED = "backup-set:copy-removed"
    COPIES_TO_GO = "copies:erasure-announced"
    COPIES_KEPT = "copies:erasure-taken-back"
    COPIES_ERASED = "copies:erased"
    IMPORT_KEPT = "import:kept"
    IMPORT_CHANGED = "import:changed"
    IMPORT_REMOVED = "import:removed"
    STANDARD_CREATED = "standard:created"
    STANDARD_CHANGED = "standard:changed"
    STANDARD_ARCHIVED = "standard:archived"
    STANDARD_TAKEN_UP = "standard:taken-up"
    STANDARD_VERSION_MADE = "standard:version-made"
    STANDARD_ADOPTED = "standard:adopted"
    STANDARD_LEFT = "standard:left"
    STANDARD_RING_SET = "standard:ring-set"
    STANDARD_VALUES_SET = "standard:values-set"
    STANDARD_TAG_SET = "standard:tag-set"
    STANDARD_TAG_REMOVED = "standard:tag-removed"
    EXCEPTION_ASKED = "standard-exception:asked"
    EXCEPTION_APPROVED = "standard-exception:approved"
    EXCEPTION_ENDED = "standard-exception:ended"
    ROLLOUT_ASKED = "rollout:asked"
    ROLLOUT_PLANNED_AGAIN = "rollout:planned-again"
    ROLLOUT_CONFIRMED = "rollout:confirmed"
    ROLLOUT_PAUSED = "rollout:paused"
    ROLLOUT_WENT_ON = "rollout:went-on"
    ROLLOUT_STOPPED = "rollout:stopped"
    ROLLOUT_TAKEN_UP = "rollout:taken-up"
    ROLLOUT_ROLLED_BACK = "rollout:rolled-back"
    ROLLOUT_ENDED = "rollout:ended"


DETAILS: dict[Action, frozenset[str]] = {
    # By what: a password, a code, Entra ID; of a refusal also why.
    Action.SIGN_IN: frozenset({"by"}),
    Action.SIGN_OUT: frozenset(),
    Action.SESSIONS_ENDED: frozenset({"sessions"}),
    Action.SECOND_FACTOR_ON: frozenset(),
    Action.SECOND_FACTOR_OFF: frozenset(),
    Action.RECOVERY_CODES_MADE: frozenset(),
    Action.RECOVERY_CODE_USED: frozenset({"left"}),
    Action.PASSKEY_ADDED: frozenset({"name"}),
    Action.PASSKEY_REMOVED: frozenset({"name"}),
    # Its counter went back: there are two of it.
    Action.PASSKEY_CLONED: frozenset({"name"}),
    # `tenants` and `tags` None: every tenant of the person's.
    Action.TOKEN_MADE: frozenset({"name", "scopes", "tenants", "tags", "expires_at"}),
    Action.TOKEN_ENDED: frozenset({"name"}),
    # Of a token that is known by its hash; nobody knows whose another one is.
    Action.TOKEN_REFUSED: frozenset({"name", "why"}),
    # `tag` None: not by a tag.
    Action.ENTRA_GRANT_SET: frozenset({"gives", "tag"}),
    Action.ENTRA_GRANT_REMOVED: frozenset({"gives", "tag"}),
    Action.ACCESS: frozenset({"permission", "method", "path"}),
    Action.RUN_REQUESTED: frozenset({"kind", "origin"}),
    Action.RUN_ENDED: frozenset({"state", "counts"}),
    Action.RUN_CANCEL: frozenset(),
    Action.SNAPSHOT_CAPTURED: frozenset({"run", "fingerprint", "outcome"}),
    Action.SNAPSHOT_DOWNLOADED: frozenset(),
    Action.TENANT_ADDED: frozenset({"directory_id", "client_id", "credential_kind"}),
    Action.TENANT_CHANGED: frozenset({"changed"}),
    Action.TENANT_TAGGED: frozenset({"added", "removed"}),
    # `every_minutes` None: as the setting says.
    Action.TENANT_WATCHED: frozenset({"is_on", "every_minutes"}),
    # What a new tenant gets from now on.
    # `tag`: new tenants with it alone; None: all.
    Action.DEFAULTS_SET: frozenset({"changed", "tag"}),
    # Which rules for restores are to be turned down; who asked for that.
    Action.RULES_ASKED: frozenset({"changes"}),
    Action.RULES_CONFIRMED: frozenset({"changes", "asked_by"}),
    Action.RULES_REJECTED: frozenset({"changes", "asked_by"}),
    # Never a part of it: what it is, of which app, until when.
    Action.CREDENTIAL_GIVEN: frozenset({"kind", "client_id", "expires_at"}),
    Action.CREDENTIAL_TRIED: frozenset({"run", "kind", "code"}),
    Action.CREDENTIAL_IN_FORCE: frozenset({"run", "kind", "client_id"}),
    Action.CREDENTIAL_SWITCHED_BACK: frozenset({"kind", "client_id"}),
    Action.CREDENTIAL_FORGOTTEN: frozenset({"place", "kind"}),
    Action.SHARED_APP_SET: frozenset({"client_id", "directory_id"}),
    Action.SHARED_APP_REMOVED: frozenset({"client_id"}),
    Action.SHARED_CREDENTIAL_GIVEN: frozenset({"kind", "client_id", "expires_at"}),
    Action.SHARED_CREDENTIAL_TRIED: frozenset({"kind", "code"}),
    Action.SHARED_CREDENTIAL_IN_FORCE: frozenset({"kind", "client_id"}),
    Action.SHARED_CREDENTIAL_FORGOTTEN: frozenset({"place", "kind"}),
    # Never the link: of which directory, for what.
    Action.CONSENT_ASKED: frozenset({"directory_id", "access"}),
    Action.CONSENT_LINK_MADE: frozenset({"access"}),
    # The directory as the answer claims; why it refused, None where it agreed.
    Action.CONSENT_ANSWERED: frozenset({"directory_id", "access", "refusal"}),
    Action.CONSENT_CONFIRMED: frozenset({"directory_id", "access"}),
    Action.CONSENT_REJECTED: frozenset({"directory_id", "access"}),
    Action.CONSENT_WITHDRAWN: frozenset({"directory_id", "access"}),
    Action.TENANT_CONNECTED: frozenset({"run", "directory_id", "organization"}),
    Action.TENANT_NOT_CONNECTED: frozenset({"run", "directory_id", "code"}),
    Action.TENANT_DISCONNECTED: frozenset({"cancelled_runs", "credentials"}),
    Action.TENANT_SWITCHED_OFF: frozenset({"cancelled_runs"}),
    Action.TENANT_SWITCHED_ON: frozenset(),
    Action.TENANT_TO_GO: frozenset({"due_at"}),
    Action.TENANT_KEPT: frozenset(),
    Action.TENANT_REMOVAL: frozenset({"rows"}),
    Action.TENANT_REMOVED: frozenset({"directory_id"}),
    Action.USER_ADDED: frozenset({"site_role"}),
    Action.USER_CHANGED: frozenset({"changed"}),
    Action.MEMBER_SET: frozenset({"user", "role"}),
    Action.MEMBER_REMOVED: frozenset({"user"}),
    Action.TAG_MEMBER_SET: frozenset({"user", "role", "tag"}),
    Action.TAG_MEMBER_REMOVED: frozenset({"user", "role", "tag"}),
    # Where: on a page, in a comparison, in a download.
    Action.SECRETS_SHOWN: frozenset({"where"}),
    # `format`: of the file; `policies`: how many it tells of. Its secrets are masked.
    Action.DOCUMENT_DOWNLOADED: frozenset({"format", "policies"}),
    Action.DOCUMENT_PROVIDER_SET: frozenset({"name", "has_logo"}),
    Action.AUDIT_EXPORTED: frozenset({"rows"}),
    Action.AUDIT_VERIFIED: frozenset({"events", "faults"}),
    Action.AUDIT_ACCEPTED: frozenset({"reason", "remembered"}),
    Action.KEYS_ROTATED: frozenset({"resealed"}),
    Action.EXPORTED: frozenset({"file"}),
    Action.IMPORTED: frozenset({"made_at", "rows", "ended_runs"}),
    # `as_of`: the time that was asked for; None: the newest.
    Action.RECOVERED: frozenset({"store", "as_of", "made_at", "rows", "ended_runs"}),
    Action.RECOVERY_ENDED: frozenset({"store", "contents", "sets", "lost"}),
    Action.RECOVERY_KEY_PROVED: frozenset({"state_at"}),
    # `recipient`: its public half, which opens nothing.
    Action.RECOVERY_KEY_ADDED: frozenset({"recipient"}),
    Action.RECOVERY_KEY_ASKED: frozenset(),
    # `how`: by the word of a sealed text, by the key itself, or by opening a store.
    Action.RECOVERY_KEY_HELD: frozenset({"how"}),
    # `stores`: to which nothing is sealed to it any longer.
    Action.RECOVERY_KEY_RETIRED: frozenset({"recipient", "stores"}),
    Action.SET_COMPLETED: frozenset({"run", "state", "snapshots"}),
    # `format`: of another tool; "" is our own.
    Action.SET_DOWNLOADED: frozenset({"policies", "with_secrets", "format"}),
    Action.SET_PINNED: frozenset({"reason"}),
    Action.SET_UNPINNED: frozenset(),
    # `what`: backup sets, snapshots, contents, restores, runs, names.
    Action.SETS_PRUNED: frozenset({"what", "count", "run"}),
    # `sets`: the first of them.
    Action.SETS_TO_GO: frozenset({"count", "due_at", "run", "sets"}),
    Action.DELETION_TAKEN_BACK: frozenset({"count", "reason"}),
    Action.RETENTION_SET: frozenset({"rules"}),
    Action.REHEARSAL_LAB: frozenset({"lab"}),
    Action.REHEARSAL_IS_LAB: frozenset({"is_lab"}),
    Action.SCHEDULE_SET: frozenset({"cron", "time_zone", "is_full", "is_paused", "is_rehearsal"}),
    Action.SCHEDULE_PAUSED: frozenset({"cron", "time_zone", "why"}),
    Action.SCHEDULE_REMOVED: frozenset({"cron", "time_zone"}),
    Action.SCHEDULE_PUT_BACK: frozenset({"cron", "time_zone", "is_full", "is_paused", "is_rehearsal"}),
    Action.RESTORE_REQUESTED: frozenset({"source", "items", "options", "undo_of", "brought_back_to"}),
    Action.RESTORE_CHANGED: frozenset({"changed"}),
    Action.CONFIRMATION_ASKED: frozenset({"asked"}),
    # `fingerprint`: of everything that decides what is written (db/restores/plan_fingerprint.py).
    Action.RESTORE_APPROVED: frozenset({"reason", "fingerprint"}),
    Action.RESTORE_STARTED: frozenset({"reason", "run", "undo_of", "fingerprint"}),
    Action.RESTORE_GUARD: frozenset({"reason", "policies", "fingerprint"}),
    Action.RETRY_APPROVED: frozenset({"run", "reason", "fingerprint"}),
    Action.RESTORE_RETRIED: frozenset({"retry_of", "fingerprint"}),
    Action.RESTORE_CANCELLED: frozenset(),
    Action.RESTORE_ENDED: frozenset({"run", "outcomes", "safety_set"}),
    Action.POLICY_WRITTEN: frozenset({"restore", "policy_type", "graph_id", "outcome", "before", "after", "verified"}),
    Action.MAPPING_SET: frozenset({"kind", "source", "target"}),
    Action.MAPPING_REMOVED: frozenset({"kind", "source"}),
    # `what`: policies, a policy type, the whole tenant, a backup set; `differing`: of how many the tenant differs now.
    Action.STATE_APPROVED: frozenset({"what", "policies", "differing", "reason"}),
    Action.APPROVAL_TAKEN_BACK: frozenset({"what", "policies"}),
    Action.IGNORED_FIELD_ADDED: frozenset({"policy_type", "path"}),
    Action.IGNORED_FIELD_REMOVED: frozenset({"policy_type", "path"}),
    Action.SEVERITY_RULE_SET: frozenset({"rule", "severity", "is_active"}),
    Action.SEVERITY_RULE_REMOVED: frozenset({"rule"}),
    Action.CHANGES_ACCEPTED: frozenset({"changes", "reason", "until"}),
    Action.CHANGES_REOPENED: frozenset({"changes", "why"}),
    Action.ROLLOUT_OBJECTED: frozenset({"standard", "reason"}),
    Action.ROLLOUT_OBJECTION_TAKEN_BACK: frozenset({"standard"}),
    # `objection`: what was overridden.
    Action.ROLLOUT_OBJECTION_OVERRIDDEN: frozenset({"standard", "reason", "objection"}),
    # `choice`: tell, or put back; `why`: of what fell back to telling by itself, "" where a person chose.
    Action.KEEPING_CHOSEN: frozenset({"name", "item", "choice", "why"}),
    Action.KEEPING_LIMITED: frozenset({"name", "put_backs_a_day"}),
    # `address`: what of it may be shown. `owner`: whose own it is, None of the installation's.
    Action.CHANNEL_ADDED: frozenset({"kind", "address", "owner", "allows_private"}),
    Action.CHANNEL_CHANGED: frozenset({"changed"}),
    Action.CHANNEL_REMOVED: frozenset({"kind", "address", "owner"}),
    Action.CHANNEL_TESTED: frozenset(),
    Action.NOTICE_RULE_SET: frozenset({"rule", "events", "pace", "is_active"}),
    Action.NOTICE_RULE_REMOVED: frozenset({"rule", "events", "pace", "is_active"}),
    # `address`: it holds no secret.
    Action.COPY_STORE_ADDED: frozenset({"address", "copy_days", "needs_lock"}),
    Action.COPY_STORE_CHANGED: frozenset({"changed"}),
    Action.COPY_STORE_REMOVED: frozenset({"address", "copy_days", "needs_lock"}),
    # `what`: to check its lock, to read a sample, to push.
    Action.COPY_STORE_ASKED: frozenset({"what"}),
    # `locked_until` None: nothing locks it.
    Action.SET_COPIED: frozenset({"store", "run", "contents", "left_out", "locked_until"}),
    Action.COPY_REMOVED: frozenset({"store", "kept_until"}),
    # Of a tenant that is no longer here: its row is gone.
    Action.COPIES_TO_GO: frozenset({"store", "directory_id", "due_at"}),
    Action.COPIES_KEPT: frozenset({"store", "directory_id"}),
    Action.COPIES_ERASED: frozenset({"store", "directory_id", "sets", "contents"}),
    Action.IMPORT_KEPT: frozenset({"name", "policies"}),
    # `changed`: which policies take the file beside them, what was filled in; never what with.
    Action.IMPORT_CHANGED: frozenset({"name", "changed"}),
    Action.IMPORT_REMOVED: frozenset({"name", "policies"}),
    Action.STANDARD_CREATED: frozenset({"name"}),
    # `changed`: the columns.
    Action.STANDARD_CHANGED: frozenset({"name", "changed"}),
    Action.STANDARD_ARCHIVED: frozenset({"name"}),
    Action.STANDARD_TAKEN_UP: frozenset({"name"}),
    # `source`: where its policies are from, in words.
    Action.STANDARD_VERSION_MADE: frozenset({"name", "version", "items", "source"}),
    # `name`: the standard's; `tag`: by which the tenant follows, None: by hand.
    Action.STANDARD_ADOPTED: frozenset({"name", "ring", "tag"}),
    Action.STANDARD_LEFT: frozenset({"name", "exceptions"}),
    Action.STANDARD_RING_SET: frozenset({"name", "ring"}),
    # `changed`: which parameters, never their values.
    Action.STANDARD_VALUES_SET: frozenset({"name", "changed"}),
    Action.STANDARD_TAG_SET: frozenset({"name", "tag", "ring"}),
    Action.STANDARD_TAG_REMOVED: frozenset({"name", "tag"}),
    # `tag` None: of one tenant. `kind`: left out, or some settings otherwise; `paths`: how many.
    Action.EXCEPTION_ASKED: frozenset({"name", "tag", "item", "kind", "paths", "reason", "until"}),
    Action.EXCEPTION_APPROVED: frozenset({"name", "tag", "item", "reason"}),
    Action.EXCEPTION_ENDED: frozenset({"name", "tag", "item", "reason"}),
    # `early`: why it did not wait until the ring before was looked at; None where it did.
    Action.ROLLOUT_ASKED: frozenset({"standard", "version", "ring", "kind", "tenants", "early"}),
    Action.ROLLOUT_PLANNED_AGAIN: frozenset(),
    # `counts`: action -> how many policies, over all tenants.
    Action.ROLLOUT_CONFIRMED: frozenset({"reason", "tenants", "counts"}),
    Action.ROLLOUT_PAUSED: frozenset(),
    Action.ROLLOUT_WENT_ON: frozenset(),
    Action.ROLLOUT_STOPPED: frozenset({"reason", "by_itself"}),
    # `tenants`: in so many nothing was written.
    Action.ROLLOUT_TAKEN_UP: frozenset({"tenants"}),
    Action.ROLLOUT_ROLLED_BACK: frozenset({"reason"}),
    # `tenants`: state -> how many.
    Action.ROLLOUT_ENDED: frozenset({"state", "tenants"}),
}
