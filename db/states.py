"""Every state and outcome once, for models, filters and badges. Compare with `in` or `==`, never by truth."""

from enum import StrEnum


class RunKind(StrEnum):
    SYNC = "policy.sync"
    # A sync that also reads what differs from what was captured last.
    LOOK = "policy.look"
    CAPTURE_SNAPSHOT = "policy.capture_snapshot"
    BACK_UP = "backup_set.capture"
    # A child run of a backup: one part of its items, for whichever worker takes it.
    BACK_UP_PART = "backup_set.part"
    # An uploaded backup set is read, and becomes a draft.
    UPLOAD = "restore.upload"
    # An export of another tool is read, and becomes an import.
    IMPORT = "policy.import"
    PREVIEW = "restore.preview"
    RESTORE = "restore.live"
    CONNECT = "tenant.connect"
    # The tenant's next credential signs in, and takes the place of the one in force.
    CREDENTIAL = "tenant.credential"
    # Deletes what a tenant keeps no longer.
    PRUNE = "retention.prune"
    # Looks into a tenant's audit logs, and captures what they say was changed. It stays only if it found something.
    WATCH = "change.watch"
    # Asks one tenant for Microsoft's words that the installation's catalogue lacks. It stays only if it learnt some.
    DEFINE = "definitions.fill"
    # Writes a document for people: of a tenant, a backup set, a policy, or of what differs.
    DOCUMENT = "document.make"
    # Judges what a restore would bring back if it were deleted now. It writes nothing to the tenant.
    READINESS = "readiness.assess"
    # Brings a finished backup set into a store of copies.
    PUSH = "copy.push"
    # Finds one person or one device, and works out which policies it gets.
    LOOK_UP = "assignments.look_up"
    # Backs a tenant up, opens everything of it, plans a full restore, and restores a sample into a lab.
    REHEARSE = "tenant.rehearse"


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Sweep(StrEnum):
    """The steps of the scheduler's sweep, in their order. Their names tell what goes wrong."""

    TAKE_BACK = "take runs back"
    CANCEL = "end cancelled runs"
    CLOSE = "end runs without parts"
    LOCKS = "release locks"
    SEND = "send runs again"
    SCHEDULES = "start schedules"
    EXPIRE = "expire plans"
    PRUNE = "prune"
    REMOVE = "remove tenants"
    PEOPLE = "ask Entra ID about people"
    AUDIT = "check the audit log"
    WATCH = "watch tenants"
    ASSESS = "assess changes"
    INDEX = "index policies"
    REOPEN = "reopen accepted changes"
    FOLLOW = "let tagged tenants follow standards"
    END_EXCEPTIONS = "end exceptions of standards"
    TELL_EXCEPTIONS = "tell of exceptions that end soon"
    STANDARDS = "compare tenants with standards"
    OCCUR = "find what notices are about"
    TELL = "prepare notices"
    DELIVER = "send notices"
    DEFINE = "ask for Microsoft's words"
    CLEAR_LABS = "remove what rehearsals left in labs"
    READINESS = "assess readiness"
    COPY = "push copies"
    TEND = "look after stores of copies"
    COUNT = "count tenants by standing"
    ROLL_OUT = "go on with roll-outs"
    PUT_BACK = "begin to put back what standards keep"
    KEEP = "go on with what is put back by itself"


ACTIVE = (RunState.QUEUED, RunState.RUNNING)
ENDED = (RunState.SUCCEEDED, RunState.PARTIAL, RunState.FAILED, RunState.CANCELLED)


class ItemState(StrEnum):
    PENDING = "pending"
    WORKING = "working"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


UNSETTLED = (ItemState.PENDING, ItemState.WORKING)


class Outcome(StrEnum):
    """The outcome of a run item. `listed` is a sync's: one policy type was read to its last page."""

    LISTED = "listed"
    CAPTURED = "captured"
    UNCHANGED = "unchanged"
    GONE = "gone"
    FORBIDDEN = "forbidden"
    NOT_AVAILABLE = "not_available"
    CANCELLED = "cancelled"
    ERROR = "error"
    # A preview's: what a live restore would do.
    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"
    # It comes back from where Microsoft keeps what was deleted, with its id.
    UNDELETE = "undelete"
    REMOVE = "remove"
    # A preview's and a live restore's: nothing to do, or nothing that may be done.
    MATCHES = "matches"
    EXISTS = "exists"
    BLOCKED = "blocked"
    # A live restore's.
    CREATED = "created"
    UPDATED = "updated"
    RECREATED = "recreated"
    UNDELETED = "undeleted"
    REMOVED = "removed"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    # A push's: the contents are in the store, or the manifest is.
    PUSHED = "pushed"
    # A pruning's: rows were deleted.
    FREED = "freed"
    # A document's: its file is written.
    WRITTEN = "written"
    # An upload's: the item is in the draft, or is not.
    READ = "read"
    LEFT_OUT = "left_out"
    CONNECTED = "connected"  # of connecting a tenant, down to here
    PERMITTED = "permitted"
    STARTED = "started"
    # A rehearsal's: the step found nothing wrong.
    PASSED = "passed"


# The actions of a plan that write -> the outcome once they are done.
WRITTEN_OUTCOMES = {
    Outcome.CREATE: Outcome.CREATED,
    Outcome.UPDATE: Outcome.UPDATED,
    Outcome.RECREATE: Outcome.RECREATED,
    Outcome.UNDELETE: Outcome.UNDELETED,
    Outcome.REMOVE: Outcome.REMOVED,
}
# Outcomes of a restore's items that ended as asked for: nothing is left to do again.
SUCCESSFUL_OUTCOMES = (*WRITTEN_OUTCOMES.values(), Outcome.MATCHES)


class RestoreState(StrEnum):
    DRAFT = "draft"
    PREVIEWED = "previewed"
    APPROVED = "approved"
    RUNNING = "running"
    FINISHED = "finished"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


# Something is still to be done with restores in these states.
UNFINISHED = (RestoreState.DRAFT, RestoreState.PREVIEWED, RestoreState.APPROVED, RestoreState.RUNNING)
# May still be changed: every change makes them drafts again.
CHANGEABLE = (RestoreState.DRAFT, RestoreState.PREVIEWED, RestoreState.APPROVED, RestoreState.EXPIRED)


class RehearsalState(StrEnum):
    """The state of a rehearsal. `findings`: it came to its end, and something was not as it should be."""

    RUNNING = "running"
    PASSED = "passed"
    FINDINGS = "findings"
    FAILED = "failed"
    CANCELLED = "cancelled"


class WriteState(StrEnum):
    """The knowledge about a write that was sent."""

    SENDING = "sending"
    ANSWERED = "answered"
    # Graph said no, or our own budget did: nothing was applied.
    REFUSED = "refused"
    # Its answer never came; reading back settles it.
    UNKNOWN = "unknown"
    # Settled by reading: it had been applied, or had not.
    FOUND = "found"
    NOT_FOUND = "not found"
    # Somebody in the tenant has to approve it.
    WAITING = "waiting"


# Nobody knows yet whether these were applied.
UNRESOLVED_WRITES = (WriteState.SENDING, WriteState.UNKNOWN)
# A write in one of these states may have changed the policy already.
POSSIBLY_APPLIED = (*UNRESOLVED_WRITES, WriteState.ANSWERED, WriteState.FOUND)


class SetState(StrEnum):
    """The completeness of a backup set: how much of what was asked for it holds."""

    RUNNING = "running"
    COMPLETE = "complete"
    # Everything that may be read is there; some policy types may not.
    WARNINGS = "complete with warnings"
    INCOMPLETE = "incomplete"


class CopyState(StrEnum):
    """The state of a backup set in a store of copies."""

    WAITING = "waiting"
    PUSHING = "pushing"
    # Its manifest is there, which is written last.
    COMPLETE = "complete"
    # Its message says why it failed. It is tried again, where that may help.
    FAILED = "failed"


class LockState(StrEnum):
    """The lock of a store: whether an object in it cannot be deleted before its date, as the store itself answered."""

    UNKNOWN = "unknown"
    PROVEN = "proven"
    # The store keeps what it is given, and locks nothing.
    MISSING = "missing"


class Offer(StrEnum):
    """The offer of a policy type: whether a tenant has it for us, as its list said when it was asked last."""

    OFFERED = "offered"
    # Unknown in this cloud, retired, or not licensed: no failure, and asked again weekly.
    NOT_OFFERED = "not offered here"
    # Refused ever since, and asked for since later than the others, or rare: no failure, and asked for every time.
    NEVER_READ = "never read"
    NOT_PERMITTED = "not permitted"
    FAILED = "failed today"


QUIET_OFFERS = (Offer.NOT_OFFERED, Offer.NEVER_READ)  # nothing that the tenant's backup would have to hold


class ReadinessVerdict(StrEnum):
    """The way in which a restore would bring a policy back if it were deleted now."""

    BY_ITSELF = "by_itself"
    # A person has to enter, upload, grant or name something.
    BY_HAND = "by_hand"
    NOT = "not"


class DefinitionState(StrEnum):
    """The state of a definition in the catalogue of Microsoft's words."""

    WANTED = "wanted"
    KNOWN = "known"
    # Graph has no such definition. It is asked for again after a while.
    UNKNOWN = "unknown"


class Standing(StrEnum):
    """The standing of a tenant, the worst first: may we rely on its backups? What lists of tenants are filtered by."""

    DISCONNECTED = "not_connected"
    NEVER = "never_backed_up"
    LATE = "late"
    # Its newest backup lacks something that could not be read.
    INCOMPLETE = "incomplete_backup"
    # Some policy types may not be read: a permission is missing.
    UNPERMITTED = "missing_permission"
    UNSCHEDULED = "no_schedule"
    # Conditional Access is backed up, and nobody said whom it must never lock out.
    UNGUARDED = "no_emergency_accounts"
    GOOD = "good"


class Level(StrEnum):
    """The level of a verdict. Good: nothing is missing. What pages colour goes by it."""

    GOOD = "good"
    ATTENTION = "attention"
    BAD = "bad"
    RUNNING = "running"
    NEUTRAL = "neutral"


class PolicyState(StrEnum):
    PRESENT = "present"
    GONE = "gone"


class LaterChangeKind(StrEnum):
    """The way in which a policy changed since a time."""

    DELETED = "deleted"
    CHANGED = "changed"
    NEW = "new"


class ChangeKind(StrEnum):
    """The way in which a policy became another between two looks at it."""

    ADDED = "added"
    CHANGED = "changed"
    ASSIGNMENTS_CHANGED = "assignments_changed"
    REMOVED = "removed"
    # It was gone, and is there again under the same id.
    CAME_BACK = "came_back"


class ChangeState(StrEnum):
    """The state of a change against what was approved."""

    # Nobody approved a state of this policy: it is news, and nothing to decide.
    RECORDED = "recorded"
    # Only fields differ that are ignored for its policy type.
    IGNORED = "ignored"
    # The policy is otherwise than approved, and nobody has decided about it.
    OPEN = "open"
    # Somebody said why it may be so, and until when.
    ACCEPTED = "accepted"
    # What it changed to became the approved state, or is it already.
    APPROVED = "approved"
    # The policy is as approved again: by a restore of ours, or by somebody in the tenant.
    PUT_BACK = "put_back"
    UNDONE = "undone"
    # A later change of the same policy stands for it.
    REPLACED = "replaced"


class Severity(StrEnum):
    """The severity of a change, by the rules in db/changes/severity_rules.py. In rising order."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Ring(StrEnum):
    """The ring of a tenant that follows a standard: who gets a version first. In their order."""

    PILOT = "pilot"
    EARLY = "early"
    ALL = "all"


class StandardSource(StrEnum):
    """The source of a standard's version."""

    TENANT = "tenant"
    IMPORT = "import"
    # An earlier version, changed.
    VERSION = "version"


class ParameterKind(StrEnum):
    """The kind of what differs from tenant to tenant in a standard."""

    # A group, a location, a filter …: its value is a mapping.
    OBJECT = "object"
    # What names begin with.
    PREFIX = "prefix"
    DOMAIN = "domain"
    # Of e-mail.
    ADDRESS = "address"
    NUMBER = "number"
    TEXT = "text"


class CellState(StrEnum):
    """The state of a standard's item in a tenant, the worst first. What was not read is never aligned."""

    DIFFERS = "differs"
    MISSING = "missing"
    # Which of the tenant's policies it is, somebody has to say.
    UNSURE = "unsure"
    NOT_READABLE = "not_readable"
    # Its snapshot is too old to be believed.
    STALE = "stale"
    EXCEPTED = "excepted"
    ALIGNED = "aligned"


class ExceptionKind(StrEnum):
    """The way in which a tenant may differ from a standard."""

    LEAVE_OUT = "leave_out"
    # Some places of the item have the tenant's own values.
    OTHERWISE = "otherwise"


class ExceptionEvent(StrEnum):
    """A step of an exception, of which somebody is told."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    # Within days.
    ENDING = "ending"
    ENDED = "ended"


class KeepChoice(StrEnum):
    """The answer to an item of a standard that was changed in a tenant."""

    TELL = "tell"
    PUT_BACK = "put_back"


class RollOutKind(StrEnum):
    """The purpose of a roll-out. The second step switches on what arrived report-only."""

    ROLL_OUT = "roll_out"
    SWITCH_ON = "switch_on"


class RollOutState(StrEnum):
    """The state of a roll-out as a whole."""

    PREVIEWING = "previewing"
    # All is planned: somebody may confirm it.
    PREVIEWED = "previewed"
    RUNNING = "running"
    PAUSED = "paused"
    # By itself, or by a person: what was done stays.
    STOPPED = "stopped"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"


class RollOutTenantState(StrEnum):
    """The state of one tenant's part in a roll-out."""

    WAITING = "waiting"
    PREVIEWING = "previewing"
    PREVIEWED = "previewed"
    # Its manager objects: it is left alone until that is taken back or overridden.
    OBJECTED = "objected"
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"
    LEFT_OUT = "left_out"
    UNDOING = "undoing"
    UNDONE = "undone"


class TenantLog(StrEnum):
    """One of the two logs in which Microsoft keeps who changed what in a tenant."""

    INTUNE = "intune"
    ENTRA = "entra"


class DoerKind(StrEnum):
    """The sort of who is named by an event of a tenant's log."""

    PERSON = "person"
    APP = "app"
    # Microsoft's own service, as the log says.
    SERVICE = "service"
    # The log names nobody: never shown as "nobody".
    NOT_STATED = "not_stated"


class ChannelKind(StrEnum):
    """The way in which a notice leaves."""

    EMAIL = "email"
    TEAMS = "teams"
    SLACK = "slack"
    WEBHOOK = "webhook"


class NoticeEvent(StrEnum):
    """The event that a notice is about."""

    CHANGE = "change"
    RUN_FAILED = "run_failed"
    RUN_PARTIAL = "run_partial"
    NO_GOOD_BACKUP = "no_good_backup"
    SCHEDULE_MISSED = "schedule_missed"
    RESTORE_ASKED = "restore_asked"
    RESTORE_WAITING = "restore_waiting"
    RESTORE_DONE = "restore_done"
    # Multi Admin Approval: somebody has to approve it in the tenant.
    TENANT_APPROVAL_WAITING = "tenant_approval_waiting"
    CONNECTION_FAILING = "connection_failing"
    CREDENTIAL_EXPIRING = "credential_expiring"
    # Backup sets, or a whole tenant, will be deleted, unless somebody takes it back.
    DELETION_DUE = "deletion_due"
    # Somebody changed what keeps backups safe: a store of copies, retention, who is told.
    SAFEGUARD_CHANGED = "safeguard_changed"
    AUDIT_BROKEN = "audit_broken"
    # Less of a tenant than before would come back by itself if it were deleted.
    READINESS_FELL = "readiness_fell"
    # A store of copies is behind, fails, or does not lock what it should.
    COPIES_FAILING = "copies_failing"
    # A write under our app of which we know nothing: our credential may be in other hands.
    FOREIGN_WRITE = "foreign_write"
    # A standard's way to a ring: it waits to be confirmed, stopped by itself, or ended.
    ROLLOUT = "rollout"
    # To a tenant: what is planned for it.
    ROLLOUT_PLANNED = "rollout_planned"
    # Something that a tenant has otherwise than its standard: see ExceptionEvent.
    STANDARD_EXCEPTION = "standard_exception"
    # What changed in the last whole week or month, what is open, and how fresh the tenant is.
    WEEKLY_REPORT = "weekly_report"
    MONTHLY_REPORT = "monthly_report"


class NoticePace(StrEnum):
    """When a rule's notices leave."""

    AT_ONCE = "at_once"
    HOURLY = "hourly"
    DAILY = "daily"


class NoticePhase(StrEnum):
    """The part of an occurrence that a notice tells: that it began, or that it is well again."""

    BEGAN = "began"
    ENDED = "ended"


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    # Refused for good, or tried as often as it may be.
    FAILED = "failed"


class DocumentFormat(StrEnum):
    """The format of a document's file, by its ending."""

    HTML = "html"
    MARKDOWN = "md"
    CSV = "csv"
    DOCX = "docx"


class Role(StrEnum):
    """A person's role in one tenant."""

    READER = "reader"
    OPERATOR = "operator"
    MANAGER = "manager"


class SiteRole(StrEnum):
    """A person's role in the whole installation."""

    NONE = "none"
    AUDITOR = "auditor"
    # Makes standards and their versions, and asks for their roll-out.
    STANDARD_EDITOR = "standard_editor"
    # Confirms and stops roll-outs, and approves exceptions, too.
    STANDARD_APPROVER = "standard_approver"
    ADMIN = "admin"


class Scope(StrEnum):
    """A use that an API token is made for, within what the person behind it may do."""

    # Everything that pages show, secrets masked.
    READ = "read"
    # Sync, capture, back up, preview a restore, cancel: nothing that writes to a tenant.
    START = "start"
    # Approve and execute live restores.
    RESTORE = "restore"
    # Decide about changes.
    MANAGE = "manage"
    # The audit log.
    AUDIT = "audit"


class CredentialKind(StrEnum):
    SECRET = "secret"  # noqa: S105 - a sort of credential, not one
    CERTIFICATE = "certificate"
    # The tenant consented to our own app: the credential is that app's (db/tenants/shared_apps.py).
    SHARED = "shared"
    # No secret at all: a token that the platform writes into a file, or that the machine's identity is given.
    FEDERATED = "federated"
    MANAGED_IDENTITY = "managed_identity"
    NONE = "none"


class CredentialPlace(StrEnum):
    """The place of a tenant's credential, beside the one in force. At `write`: only live restores sign in with it."""

    NEXT = "next"
    PREVIOUS = "previous"
    WRITE = "write"
    WRITE_NEXT = "write_next"


class AppAccess(StrEnum):
    """The purpose of a sign-in: to read a tenant, or to write to it in a live restore."""

    READ = "read"
    WRITE = "write"


class SharedPlace(StrEnum):
    """The place of one of our own app's credentials. All of them sign in: the first that is not refused is used."""

    CURRENT = "current"
    NEXT = "next"
    PREVIOUS = "previous"


class ConsentState(StrEnum):
    """The state of a request for consent. `answered`: an admin here decides whether that directory is meant."""

    WAITING = "waiting"
    ANSWERED = "answered"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Result(StrEnum):
    """The result of an audited act."""

    OK = "ok"
    REFUSED = "refused"
    FAILED = "failed"
