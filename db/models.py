"""Every table: columns, relations and indexes. Verbs live in one file per noun beside this one."""

import json
from functools import cache
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import database
from db.schema.row_ids import Identity
from db.states import (
    ChangeState,
    ConsentState,
    CopyState,
    CredentialKind,
    DefinitionState,
    DeliveryState,
    ItemState,
    KeepChoice,
    LockState,
    NoticePace,
    NoticePhase,
    Offer,
    PolicyState,
    RehearsalState,
    RestoreState,
    Result,
    Role,
    RollOutKind,
    RollOutState,
    RollOutTenantState,
    RunState,
    SetState,
    Severity,
    SiteRole,
    WriteState,
)


class JsonText(pw.TextField):
    """JSON as text: JSONB would reorder keys and refuse a NUL, which real policies hold."""

    def db_value(self, value: Any) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    def python_value(self, value: str | None) -> Any:
        return None if value is None else json.loads(value)


class Table(pw.Model):
    id: Any = Identity()

    class Meta:
        database = database
        legacy_table_names = False

    @classmethod
    def get_by_id(cls, row_id: Any) -> Any:
        """Return the row. Peewee's own builds its statement each time: four times the work for our widest tables."""
        return cls.raw(_select_by_id(cls._meta, database.param), row_id).get()


@cache
def _select_by_id(table: Any, param: str) -> str:
    columns = ", ".join(f'"{field.column_name}"' for field in table.sorted_fields)
    from_table, is_row = f'FROM "{table.table_name}"', f'"{table.primary_key.column_name}" = {param}'
    return " ".join(("SELECT", columns, from_table, "WHERE", is_row))


class User(Table):
    email = pw.CharField(unique=True)
    name = pw.CharField()
    password_hash = pw.CharField(null=True)
    site_role = pw.CharField(default=SiteRole.NONE)
    is_active = pw.BooleanField(default=True)
    created_at = pw.DateTimeField(default=utcnow)
    last_sign_in_at = pw.DateTimeField(null=True)
    # The second factor's secret, sealed, and the last half minute whose code was used: a code counts once.
    totp_secret = pw.BlobField(null=True)
    totp_step = pw.BigIntegerField(null=True)
    # The object id in our own directory, of who signs in with Entra ID.
    entra_id = pw.CharField(null=True, unique=True, max_length=36)
    # When Entra ID last said what they are given here; it counts for an hour: db/accounts/entra_grants.py.
    entra_checked_at = pw.DateTimeField(null=True)

    class Meta:
        table_name = "users"  # "user" is a reserved word in PostgreSQL

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class Tenant(Table):
    name = pw.CharField(unique=True)
    directory_id = pw.CharField(unique=True, max_length=36)
    client_id = pw.CharField(max_length=36)
    cloud = pw.CharField(default="global")
    credential_kind = pw.CharField(default=CredentialKind.NONE)
    credential = pw.BlobField(null=True)
    # Switched off: nothing starts in it, and what is kept stays.
    is_active = pw.BooleanField(default=True)
    created_at = pw.DateTimeField(default=utcnow)
    last_synced_at = pw.DateTimeField(null=True)
    # A backup trusts modification times in between; what was not read for so many days it reads.
    full_every_days = pw.IntegerField(default=7)
    # {"last", "daily", "weekly", "monthly"}: how many backup sets to keep of each; null keeps all.
    retention = JsonText(null=True)
    # A live restore needs an approver other than its requester.
    four_eyes = pw.BooleanField(default=False)
    # [{"kind": "users" or "groups", "id", "name"}]: who must never be locked out by Conditional Access.
    break_glass = JsonText(null=True)
    # The last backup of the whole tenant that came to its end, and when it began to read; what it lacks: Coverage.
    last_backup_id = pw.BigIntegerField(null=True)
    last_backup_at = pw.DateTimeField(null=True)
    # When signing in last worked, and why it did not since; null: it does.
    connected_at = pw.DateTimeField(null=True)
    connection_error = pw.CharField(null=True, max_length=500)
    # When the credential ends, as its certificate or whoever gave it says; null: nobody knows.
    credential_expires_at = pw.DateTimeField(null=True)
    # Since then it goes, with everything that is kept of it: db/housekeeping/tenant_removal.py.
    removing_since = pw.DateTimeField(null=True)
    # When its last daily pruning was begun; of a new tenant, since when there is nothing to prune.
    pruned_at = pw.DateTimeField(null=True, default=utcnow, index=True)
    # Whether a backup keeps who is in the groups that policies refer to.
    keeps_members = pw.BooleanField(default=False)
    # When it was read last what of it runs out (Expiry).
    expiries_at = pw.DateTimeField(null=True)
    # Somebody said that it has no accounts for emergencies: nobody is asked for them.
    has_no_break_glass = pw.BooleanField(default=False)
    # {policy type: {"why", "at"}}: bins of deleted policies that refused us (db/tenants/bin_refusals.py).
    bin_refusals = JsonText(null=True)
    # Somebody asked to remove it: it goes then, unless that is taken back.
    removal_due_at = pw.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.name)


# The scheduler asks at every tick for the few that go.
Tenant.add_index(
    Tenant.index(Tenant.removing_since, where=pw.SQL("removing_since IS NOT NULL"), name="tenant_removing")
)
Tenant.add_index(
    Tenant.index(Tenant.removal_due_at, where=pw.SQL("removal_due_at IS NOT NULL"), name="tenant_removal_due")
)


class TenantTag(Table):
    """A free word on a tenant, by which lists find it. `folded` is the same in any case."""

    tenant = pw.ForeignKeyField(Tenant, backref="tags", on_delete="CASCADE", index=False)
    name = pw.CharField(max_length=40)
    folded = pw.CharField(max_length=80)

    class Meta:
        indexes = ((("tenant", "folded"), True), (("folded", "tenant"), False))

    def __str__(self) -> str:
        return str(self.name)


class NewTenantDefaults(Table):
    """Defaults for new tenants: of the installation, or of those with a tag. An empty column gives nothing."""

    # The schedule.
    cron = pw.CharField(null=True, max_length=100)
    time_zone = pw.CharField(null=True, max_length=60)
    is_full = pw.BooleanField(default=False)
    # Like Tenant.retention.
    retention = JsonText(null=True)
    full_every_days = pw.IntegerField(null=True)
    # E-mail address -> role.
    members = JsonText(null=True)
    tags = JsonText(null=True)
    # Which emergency accounts a tenant should name, in words for whoever names them.
    emergency_note = pw.CharField(null=True, max_length=500)
    # The tag, and as TenantTag.folded; null: of the installation.
    tag = pw.CharField(null=True, max_length=40)
    folded = pw.CharField(null=True, unique=True, max_length=80)
    # Whether it is watched, null: as nobody says; and Watch.every_minutes.
    is_watched = pw.BooleanField(null=True)
    watch_minutes = pw.IntegerField(null=True)


class Credential(Table):
    """A tenant's next credential, until it has signed in, its previous one, for a while, or the one that only writes:
    db/tenants/credentials.py.
    """

    tenant = pw.ForeignKeyField(Tenant, backref="credentials", on_delete="CASCADE", index=False)
    place = pw.CharField(max_length=10)
    kind = pw.CharField()
    client_id = pw.CharField(max_length=36)
    sealed = pw.BlobField()
    expires_at = pw.DateTimeField(null=True)
    # When it came to its place.
    since = pw.DateTimeField(default=utcnow)
    # Why it could not sign in, when it was tried last.
    refusal = pw.CharField(null=True, max_length=500)
    # The app roles in the token that it was given last, and the service principal: of one that only writes.
    roles = JsonText(null=True)
    principal_id = pw.CharField(null=True, max_length=36)

    class Meta:
        indexes = ((("tenant", "place"), True),)


class SharedApp(Table):
    """An app registration of this installation, to which tenants consent: one to read, and one to write."""

    cloud = pw.CharField(max_length=10)
    access = pw.CharField(max_length=10)
    client_id = pw.CharField(max_length=36)
    # The directory that it is registered in.
    directory_id = pw.CharField(max_length=36)
    created_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("cloud", "access"), True),)


class SharedAppCredential(Table):
    """A credential of one of our own apps. It serves every tenant that consented to the app."""

    app = pw.ForeignKeyField(SharedApp, backref="credentials", on_delete="CASCADE", index=False)
    place = pw.CharField(max_length=10)
    kind = pw.CharField(max_length=20)
    sealed = pw.BlobField()
    expires_at = pw.DateTimeField(null=True)
    since = pw.DateTimeField(default=utcnow)
    # Why it could not sign in, when it was tried last.
    refusal = pw.CharField(null=True, max_length=500)

    class Meta:
        indexes = ((("app", "place"), True),)


class ConsentRequest(Table):
    """A link by which a customer's administrator is asked to consent to our app: db/tenants/consents.py."""

    # The tenant that waits for it. None: whichever directory answers, once an admin here confirms it.
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE")
    # What the tenant will be called, and its tags; the directory that is meant, None: any.
    name = pw.CharField(max_length=200)
    tags = JsonText(null=True)
    directory_id = pw.CharField(null=True, max_length=36)
    cloud = pw.CharField(max_length=10, default="global")
    access = pw.CharField(max_length=10)
    state = pw.CharField(max_length=10, default=ConsentState.WAITING)
    # SHA-256 of the link's token.
    token_hash = pw.CharField(unique=True, max_length=64)
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    asked_at = pw.DateTimeField(default=utcnow, index=True)
    expires_at = pw.DateTimeField()
    # SHA-256 of the single-use state of the way to Microsoft that was begun last, and when it was begun.
    way_hash = pw.CharField(null=True, unique=True, max_length=64)
    left_at = pw.DateTimeField(null=True)
    # The directory that answered last, as the answer claims, and when; why it refused.
    answered_id = pw.CharField(null=True, max_length=36)
    answered_at = pw.DateTimeField(null=True)
    refusal = pw.CharField(null=True, max_length=500)


class RuleChange(Table):
    """A request to turn a tenant's rules for restores down: it waits until a second person confirms it."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", unique=True)
    asked_by = pw.ForeignKeyField(User, on_delete="CASCADE", index=False)
    asked_at = pw.DateTimeField(default=utcnow)
    turns_four_eyes_off = pw.BooleanField(default=False)
    # Lists like Tenant.break_glass: the entries that go, and those that are named where none was.
    removed = JsonText()
    named = JsonText()


class Membership(Table):
    user = pw.ForeignKeyField(User, backref="memberships", on_delete="CASCADE")
    tenant = pw.ForeignKeyField(Tenant, backref="memberships", on_delete="CASCADE")
    role = pw.CharField(default=Role.READER)
    # Subscribers hear of every run of the tenant, not only of their own.
    is_subscribed = pw.BooleanField(default=False)
    # Given by a group or app role in Entra ID: taken away at the next sign-in without it.
    is_from_entra = pw.BooleanField(default=False)

    class Meta:
        indexes = ((("user", "tenant"), True),)


class TagMembership(Table):
    """A person's role in every tenant that has the tag, those included that get it later."""

    user = pw.ForeignKeyField(User, backref="tag_memberships", on_delete="CASCADE", index=False)
    tag = pw.CharField(max_length=40)
    # Like TenantTag.folded. No foreign key: the tag need not be on a tenant yet.
    folded = pw.CharField(max_length=80)
    role = pw.CharField(default=Role.READER)
    # Subscribers hear of every run of these tenants.
    is_subscribed = pw.BooleanField(default=False)
    # Like Membership.is_from_entra. Beside one that was given by hand: the higher role counts.
    is_from_entra = pw.BooleanField(default=False)

    class Meta:
        indexes = ((("user", "folded", "is_from_entra"), True), (("folded", "user"), False))


class Session(Table):
    """A place where a person is signed in. The browser holds the token, the database its SHA-256."""

    user = pw.ForeignKeyField(User, backref="sessions", on_delete="CASCADE")
    token_mark = pw.CharField(unique=True, max_length=64)
    began_at = pw.DateTimeField(default=utcnow)
    seen_at = pw.DateTimeField(default=utcnow)
    address = pw.CharField(null=True, max_length=60)
    browser = pw.CharField(max_length=200)
    # "password", "password and code", "recovery code", "passkey" or "Entra ID".
    way = pw.CharField(max_length=20)


class RecoveryCode(Table):
    """A code for somebody who has lost their phone. Only its SHA-256 is stored."""

    user = pw.ForeignKeyField(User, backref="recovery_codes", on_delete="CASCADE", index=False)
    mark = pw.CharField(max_length=64)
    used_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("user", "mark"), True),)


class Passkey(Table):
    """A passkey (WebAuthn), in place of a password and a code. The private key is with the person."""

    user = pw.ForeignKeyField(User, backref="passkeys", on_delete="CASCADE")
    name = pw.CharField(max_length=60)
    # Both in URL-safe base64 without padding.
    credential_id = pw.CharField(unique=True, max_length=1400)
    public_key = pw.TextField()
    sign_count = pw.BigIntegerField(default=0)
    created_at = pw.DateTimeField(default=utcnow)
    used_at = pw.DateTimeField(null=True)


class ApiToken(Table):
    """A token that a program signs in with, in the place of the person who made it.

    The program holds the token, the database its SHA-256. It has 256 random bits: there is nothing to guess.
    """

    user = pw.ForeignKeyField(User, backref="api_tokens", on_delete="CASCADE")
    name = pw.CharField(max_length=80)
    token_hash = pw.CharField(unique=True, max_length=64)
    # Its first characters, by which people tell it from others.
    prefix = pw.CharField(max_length=12)
    # A list of Scope.
    scopes = JsonText()
    # The ids of tenants, and folded tags, that it may be used for: for those of either. Both null: for every tenant
    # of the person's. Ids are never given twice, so that one of a removed tenant stands for nothing.
    tenants = JsonText(null=True)
    tags = JsonText(null=True)
    created_at = pw.DateTimeField(default=utcnow)
    expires_at = pw.DateTimeField(index=True)
    ended_at = pw.DateTimeField(null=True)
    last_used_at = pw.DateTimeField(null=True)
    last_address = pw.CharField(null=True, max_length=60)


class ApiStart(Table):
    """A program's start with an `Idempotency-Key`, and what that was answered: the same again for a day."""

    token = pw.ForeignKeyField(ApiToken, backref="starts", on_delete="CASCADE", index=False)
    key = pw.CharField(max_length=200)
    # SHA-256 of the method, the address and the body.
    request_mark = pw.CharField(max_length=64)
    status = pw.IntegerField(null=True)
    body = JsonText(null=True)
    location = pw.CharField(null=True, max_length=300)
    # No foreign keys: what it started may be gone before it is.
    run_id = pw.BigIntegerField(null=True)
    restore_id = pw.BigIntegerField(null=True)
    made_at = pw.DateTimeField(default=utcnow, index=True)

    class Meta:
        indexes = ((("token", "key"), True),)


class EntraToken(Table):
    """A token to ask Entra ID again about who is signed in by it, or whose programs are, and when it was asked last."""

    user = pw.ForeignKeyField(User, unique=True, on_delete="CASCADE")
    sealed = pw.BlobField()
    asked_at = pw.DateTimeField(default=utcnow)


class EntraGrant(Table):
    """A role that a group or app role of our own directory gives: in the installation, in a tenant, or by a tag."""

    # A group's object id, or an app role's value.
    claim = pw.CharField(max_length=200)
    site_role = pw.CharField(null=True)
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE")
    role = pw.CharField(null=True)
    # Like TagMembership's; null: not by a tag.
    tag = pw.CharField(null=True, max_length=40)
    folded = pw.CharField(null=True, max_length=80)

    class Meta:
        indexes = ((("claim", "tenant"), True),)


class Preference(Table):
    """A choice of a person about what they see, by its name: "tenant", "columns:run_list"."""

    user = pw.ForeignKeyField(User, backref="preferences", on_delete="CASCADE", index=False)
    name = pw.CharField(max_length=60)
    value = JsonText()

    class Meta:
        indexes = ((("user", "name"), True),)


class Content(Table):
    """A stored body, once per tenant and fingerprint; compressed, then sealed.

    Not shared between tenants: the seal is bound to its owner, and deleting a tenant must delete its contents.
    """

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    fingerprint = pw.CharField(max_length=64)
    sealed = pw.BlobField()
    plain_bytes = pw.IntegerField()
    created_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("tenant", "fingerprint"), True),)


class Policy(Table):
    tenant = pw.ForeignKeyField(Tenant, backref="policies", on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    graph_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    odata_type = pw.CharField(null=True)
    platform = pw.CharField(null=True, max_length=80)
    is_built_in = pw.BooleanField(default=False)
    state = pw.CharField(default=PolicyState.PRESENT, max_length=10)
    modified_at = pw.DateTimeField(null=True)
    first_seen_at = pw.DateTimeField(default=utcnow)
    last_seen_at = pw.DateTimeField(default=utcnow)
    gone_at = pw.DateTimeField(null=True)
    # Both follow the newest snapshot, so that a list needs no look at the snapshots; the time is confirmed_at.
    last_captured_at = pw.DateTimeField(null=True)
    snapshot_count = pw.IntegerField(default=0)
    # SHA-256 of the assignments as last read: with the modification time it tells an unchanged policy from its list.
    assignments_mark = pw.CharField(null=True, max_length=64)
    # Of its description and of the names of its settings, for the search; null: not read since there is a search.
    words = pw.TextField(null=True)
    # The snapshot whose settings the catalogue of definitions has met; null: none yet.
    met_snapshot_id = pw.BigIntegerField(null=True)
    # By which version of the rules its newest snapshot is indexed (db/policies/policy_index.py); null: not yet, below
    # 0: its content could not be opened.
    index_version = pw.IntegerField(null=True)

    class Meta:
        indexes = (
            (("tenant", "policy_type", "graph_id"), True),
            (("tenant", "name"), False),
            (("tenant", "state"), False),
            (("tenant", "last_captured_at", "id"), False),
            (("policy_type",), False),
            (("name",), False),
            (("graph_id",), False),
            (("last_captured_at", "id"), False),
            (("policy_type", "name"), False),
            (("modified_at", "id"), False),
            (("tenant", "modified_at", "id"), False),
        )

    def __str__(self) -> str:
        return str(self.name)


# The tenant shows it to be otherwise than its newest snapshot. As literals, for the index, as IS_ACTIVE below.
IS_CHANGED = pw.SQL("state = 'present' AND (last_captured_at IS NULL OR modified_at > last_captured_at)")
Policy.add_index(Policy.index(Policy.tenant, Policy.state, where=IS_CHANGED, name="policy_changed"))
# The scheduler asks at every tick for those whose newest snapshot is to be indexed.
IS_INDEXABLE = pw.SQL("state = 'present' AND last_captured_at IS NOT NULL")
Policy.add_index(Policy.index(Policy.index_version, where=IS_INDEXABLE, name="policy_indexable"))
# Few are gone, and the list of them is in the order in which they were changed. In a statement, and for the indexes.
IS_GONE_POLICY = Policy.state == pw.SQL("'gone'")
_GONE = pw.SQL("state = 'gone'")
Policy.add_index(Policy.index(Policy.modified_at, Policy.id, where=_GONE, name="policy_gone"))
Policy.add_index(Policy.index(Policy.policy_type, Policy.modified_at, Policy.id, where=_GONE, name="policy_gone_type"))


class KnownSetting(Table):
    """A setting that any policy ever set, by the id that it has in every tenant, in small letters."""

    key = pw.CharField(unique=True, max_length=400)
    # Its name in words, as a content or Microsoft's definition says it; `folded` is what a search looks in.
    title = pw.CharField(max_length=300)
    folded = pw.TextField()


class PolicySetting(Table):
    """A setting that a policy sets, as its newest snapshot has it. Of policies that are in their tenant alone."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    setting = pw.ForeignKeyField(KnownSetting, on_delete="CASCADE", index=False)
    # Equal where the values are: a keyed hash. null: a secret, which is compared with nothing.
    mark = pw.CharField(null=True, max_length=16)
    # The value, unless it is a secret or somebody's text: graph/settings/set_values.py.
    value = pw.CharField(null=True, max_length=120)
    # Another policy that sets it otherwise for the same device is in conflict with this one.
    may_conflict = pw.BooleanField(default=False)

    class Meta:
        indexes = (
            (("policy", "setting"), True),
            (("setting", "tenant", "mark"), False),
            (("tenant", "may_conflict", "setting", "mark"), False),
        )


class Coverage(Table):
    """A policy type of a tenant: is it offered there, and is it backed up whole?"""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    offer = pw.CharField(default=Offer.OFFERED, max_length=20)
    asked_at = pw.DateTimeField(default=utcnow)
    # When the last backup began that holds all of it.
    good_at = pw.DateTimeField(null=True)
    # When the first backup since then began that does not, and why; null: the last one does, or need not.
    bad_since = pw.DateTimeField(null=True)
    why = pw.CharField(null=True, max_length=1000)
    # When the last whole list of it began, and by which rules it was made: what appears after that is new.
    listed_at = pw.DateTimeField(null=True)
    listed_by = pw.CharField(null=True, max_length=64)

    class Meta:
        indexes = ((("tenant", "policy_type"), True),)


# Of ten thousand tenants with more than fifty policy types each, the dashboard wants those few that lack something.
Coverage.add_index(
    Coverage.index(
        Coverage.bad_since, Coverage.policy_type, where=pw.SQL("bad_since IS NOT NULL"), name="coverage_exceptions"
    )
)


class Run(Table):
    tenant = pw.ForeignKeyField(Tenant, backref="runs", on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=40)
    dedupe_key = pw.CharField(max_length=200)
    policy = pw.ForeignKeyField(Policy, null=True, on_delete="SET NULL")
    state = pw.CharField(default=RunState.QUEUED, max_length=10)
    # Why a running run does nothing just now, for a person to read.
    waiting = pw.CharField(null=True, max_length=500)
    requested_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    origin = pw.CharField(max_length=20, default="web")
    # The claim: one message at a time may write this run; every such write names the token.
    claimed_by = pw.CharField(null=True, max_length=80)
    heartbeat_at = pw.DateTimeField(null=True)
    attempts = pw.IntegerField(default=0)
    enqueued_at = pw.DateTimeField(null=True)
    resume_at = pw.DateTimeField(null=True)
    created_at = pw.DateTimeField(default=utcnow)
    started_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField(null=True)
    cancel_requested_at = pw.DateTimeField(null=True)
    error_code = pw.CharField(null=True, max_length=60)
    error_message = pw.CharField(null=True, max_length=1000)
    request_id = pw.CharField(null=True, max_length=80)
    # Totals written once, when the run ends: they outlive its items.
    total = pw.IntegerField(default=0)
    done = pw.IntegerField(default=0)
    skipped = pw.IntegerField(default=0)
    failed = pw.IntegerField(default=0)
    uncertain = pw.IntegerField(default=0)
    # A large run hands its items out in parts, each a child run, claimed and taken back like any other.
    # Lists, notifications and the audit log know only the parent run.
    parent = pw.ForeignKeyField("self", null=True, on_delete="CASCADE", index=False)
    part = pw.IntegerField(null=True)
    # A parent run's: null until its items are made; parts_begun hands out the next.
    parts = pw.IntegerField(null=True)
    parts_begun = pw.IntegerField(default=0)
    # The run whose failed items this one tries again.
    retry_of = pw.ForeignKeyField("self", null=True, on_delete="SET NULL", index=False)
    # The restore it previews or executes. No foreign key: a restore refers to backup sets, and those to runs.
    restore_id = pw.BigIntegerField(null=True)
    # When a message of it last got something done before it had to wait; null: none has yet.
    progressed_at = pw.DateTimeField(null=True)
    # A retry's: the backup set that it completes. No foreign key: a backup set refers to the run that began it.
    backup_set_id = pw.BigIntegerField(null=True)
    # The id of the web request that asked for it, as logs have it, and its trace, as a W3C traceparent.
    asked_in = pw.CharField(null=True, max_length=64)
    trace = pw.CharField(null=True, max_length=55)

    class Meta:
        indexes = (
            (("tenant", "id"), False),
            (("tenant", "state", "id"), False),
            (("state", "id"), False),
            (("kind", "id"), False),
            (("tenant", "kind", "id"), False),
            (("created_at",), False),
            (("requested_by", "id"), False),
        )

    def __str__(self) -> str:
        return f"Run {self.id}"


# As literals: SQLite uses a partial index only for a condition it can read, never for bound values; without the index
# it scans a million runs. PostgreSQL takes either.
IS_ACTIVE = Run.state << pw.SQL("('queued', 'running')")

# The truth behind "a second start finds the first": no two active runs of one key, whatever Redis says.
Run.add_index(
    Run.index(
        Run.dedupe_key,
        unique=True,
        where=pw.SQL("state IN ('queued', 'running')"),
        name="run_one_active_per_key",
    )
)
Run.add_index(Run.index(Run.parent, Run.part, unique=True, where=pw.SQL("parent_id IS NOT NULL"), name="run_part"))
Run.add_index(Run.index(Run.restore_id, where=pw.SQL("restore_id IS NOT NULL"), name="run_restore"))
Run.add_index(Run.index(Run.retry_of, where=pw.SQL("retry_of_id IS NOT NULL"), name="run_retry"))
# The scheduler's sweep looks at active runs only; a million ended ones must not slow it.
Run.add_index(Run.index(Run.state, Run.heartbeat_at, where=pw.SQL("state IN ('queued', 'running')"), name="run_active"))
# A person's pulse wants the newest of them, and stops there, however many wait in the queue.
Run.add_index(Run.index(Run.id, where=pw.SQL("state IN ('queued', 'running')"), name="run_active_newest"))
# Every worker's heartbeat asks for its own claims.
Run.add_index(Run.index(Run.claimed_by, where=pw.SQL("claimed_by IS NOT NULL"), name="run_claimed"))
# The list, narrowed by two things: ten million runs have a hundred thousand of each, and none of both. It has no parts.
_LISTED = pw.SQL("parent_id IS NULL")
Run.add_index(Run.index(Run.requested_by, Run.kind, Run.id, where=_LISTED, name="run_person_kind"))
Run.add_index(Run.index(Run.requested_by, Run.tenant, Run.id, where=_LISTED, name="run_person_tenant"))
# Few end otherwise than well. What an index of these alone has, in a statement and for the index.
IS_UNWELL = Run.parent.is_null() & (
    (Run.state << pw.SQL("('partial', 'failed', 'cancelled')")) | Run.error_code.is_null(False)
)
_UNWELL = pw.SQL("parent_id IS NULL AND (state IN ('partial', 'failed', 'cancelled') OR error_code IS NOT NULL)")
# Each has their state at its end: no run is read for it.
Run.add_index(Run.index(Run.id, Run.state, where=_UNWELL, name="run_unwell"))
Run.add_index(Run.index(Run.tenant, Run.id, Run.state, where=_UNWELL, name="run_unwell_tenant"))
Run.add_index(Run.index(Run.kind, Run.id, Run.state, where=_UNWELL, name="run_unwell_kind"))
Run.add_index(Run.index(Run.requested_by, Run.id, Run.state, where=_UNWELL, name="run_unwell_person"))


class Snapshot(Table):
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, backref="snapshots", on_delete="CASCADE", index=False)
    content = pw.ForeignKeyField(Content, on_delete="RESTRICT")
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    captured_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    # Both are times before the first request of the reading: what somebody changed later may not be in it.
    captured_at = pw.DateTimeField(default=utcnow)
    # The last capture that read the same content again: no new row, a newer proof.
    confirmed_at = pw.DateTimeField(default=utcnow)
    name = pw.CharField(max_length=1000)
    modified_at = pw.DateTimeField(null=True)
    # How we know it is whole, and the names behind the ids in its assignments. Shapes: graph/read/readings.py.
    proof = JsonText()
    references = JsonText()

    class Meta:
        indexes = ((("policy", "id"), False), (("tenant", "id"), False))

    def __str__(self) -> str:
        return f"Snapshot {self.id}"


class RunItem(Table):
    run = pw.ForeignKeyField(Run, backref="items", on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, null=True, on_delete="SET NULL")
    policy_type = pw.CharField(max_length=80)
    graph_id = pw.CharField(null=True, max_length=200)
    name = pw.CharField(max_length=1000)
    state = pw.CharField(default=ItemState.PENDING, max_length=10)
    outcome = pw.CharField(null=True, max_length=20)
    reason = pw.CharField(null=True, max_length=60)
    message = pw.CharField(null=True, max_length=1000)
    request_id = pw.CharField(null=True, max_length=80)
    snapshot = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    ended_at = pw.DateTimeField(null=True)
    part = pw.IntegerField(null=True)
    restore_item_id = pw.BigIntegerField(null=True)
    # How often its answer was not to be had: after some tries the item fails alone.
    tries = pw.IntegerField(default=0)
    # A pruning's: how many rows it has deleted by now.
    freed = pw.IntegerField(null=True)

    class Meta:
        indexes = ((("run", "id"), False), (("run", "state"), False), (("run", "part", "state"), False))


class Stint(Table):
    """A time in which a run, or a part of it, was worked on, and what it waited for then: db/waits/stints.py."""

    run = pw.ForeignKeyField(Run, on_delete="CASCADE", index=False)
    # Null: the run itself.
    part = pw.IntegerField(null=True)
    queued_at = pw.DateTimeField()
    # Null: nobody knows, for its worker died.
    began_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField()
    # For a person to read; null: it was done.
    waits_for = pw.CharField(null=True, max_length=200)
    wait_seconds = pw.FloatField(default=0)
    # How many waits this one stands for.
    times = pw.IntegerField(default=1)

    class Meta:
        indexes = ((("run", "part", "id"), False),)


class Manifest(Table):
    """The snapshots of a backup set, kept once: nights on which nothing changed share one."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    fingerprint = pw.CharField(max_length=64)
    # Snapshot ids in rising order, as db/backups/manifests.py packs them.
    packed = pw.BlobField()
    count = pw.IntegerField()

    class Meta:
        indexes = ((("tenant", "fingerprint"), True),)


class BackupSet(Table):
    """The snapshots that one backup captured of one tenant."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    state = pw.CharField(default=SetState.RUNNING, max_length=22)
    # {"policy_types": [...]} or {"policies": [ids]}; {} is the whole tenant.
    selection = JsonText()
    is_full = pw.BooleanField(default=False)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    created_at = pw.DateTimeField(default=utcnow)
    completed_at = pw.DateTimeField(null=True)
    manifest = pw.ForeignKeyField(Manifest, null=True, on_delete="RESTRICT")
    # policy type -> {"state", "listed", "captured", "unchanged", "gone", "failed", "message"}; see
    # db/backups/backup_sets.py.
    types = JsonText()
    # What could not be read: [{"policy_type", "policy", "name", "reason", "message"}].
    problems = JsonText()
    pinned_reason = pw.CharField(null=True, max_length=500)
    pinned_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    # The name of a set that no backup made: "Before restore 12".
    name = pw.CharField(null=True, max_length=200)
    # When it goes, because nothing keeps it: db/backups/deletions.py.
    deletion_due_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = (
            (("tenant", "id"), False),
            (("tenant", "state", "id"), False),
            (("state", "id"), False),
            (("created_at",), False),
        )

    def __str__(self) -> str:
        return f"Backup set {self.id}"


# Few wait for their deletion.
BackupSet.add_index(
    BackupSet.index(
        BackupSet.tenant,
        BackupSet.deletion_due_at,
        where=pw.SQL("deletion_due_at IS NOT NULL"),
        name="backup_set_deletion",
    )
)


class CopySigner(Table):
    """The one key by which manifests and states of copies are signed, and the names of contents are made."""

    # The number of the installation in its stores: a store of another installation's is never written to.
    installation = pw.CharField(max_length=36)
    public_key = pw.CharField(max_length=64)
    # The Ed25519 private key, 32 bytes.
    sealed = pw.BlobField()
    created_at = pw.DateTimeField(default=utcnow)


class CopyStore(Table):
    """A place outside the installation that copies of backup sets are pushed to."""

    name = pw.CharField(max_length=80)
    # Holds no secret: docs/copies.md.
    address = pw.CharField(max_length=1000)
    # What the store is signed in to with, as JSON.
    sealed = pw.BlobField()
    # The public age keys that everything in it is sealed to: ["age1…"].
    recipients = JsonText()
    is_active = pw.BooleanField(default=True)
    # How long the copy of a set is kept, and locked where the store can.
    copy_days = pw.IntegerField()
    needs_lock = pw.BooleanField(default=True)
    # Null: as fast as it goes.
    bytes_per_second = pw.BigIntegerField(null=True)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField(default=utcnow)
    # What it proved when it was looked at last.
    lock_state = pw.CharField(default=LockState.UNKNOWN, max_length=12)
    checked_at = pw.DateTimeField(null=True)
    verified_at = pw.DateTimeField(null=True)
    state_at = pw.DateTimeField(null=True)
    tidied_at = pw.DateTimeField(null=True)
    # When the next look at it is due; null: nobody looks until somebody asks.
    tend_at = pw.DateTimeField(null=True, index=True)
    # What somebody asked for, to be done with the next look.
    is_check_asked = pw.BooleanField(default=False)
    is_verify_asked = pw.BooleanField(default=False)
    # Why the last work at it failed, and since when nothing has worked; null: it did.
    error = pw.CharField(null=True, max_length=1000)
    failing_since = pw.DateTimeField(null=True)
    # The newest snapshot whose content was looked at (db/copies/loose_contents.py); null: none was.
    snapshots_to = pw.BigIntegerField(null=True)
    # What looks found lost or changed there, a line for each, and when first; null: nothing, or an admin has looked
    # into it.
    damage = pw.CharField(null=True, max_length=1000)
    damaged_at = pw.DateTimeField(null=True)
    # How many contents were there when it was tidied last, and their bytes there; null: nobody counted yet.
    contents = pw.BigIntegerField(null=True)
    contents_bytes = pw.BigIntegerField(null=True)
    # What a look passed over, since it cannot be opened here; null: nothing, or an admin has looked into it.
    unopened = pw.CharField(null=True, max_length=1000)
    # Whose message has the look at it, and until when (db/copies/looks.py); null: nobody's.
    claimed_by = pw.CharField(null=True, max_length=32)
    claimed_until = pw.DateTimeField(null=True)
    # The turn that this installation took there (db/copies/turns.py), and the word of chance that is in its name; null:
    # it is to take the next one.
    turn = pw.IntegerField(null=True)
    turn_claim = pw.CharField(null=True, max_length=32)
    # When an installation of the same name took a later one; null: none did.
    overtaken_at = pw.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.name)


class RecoveryKey(Table):
    """The public half of a key that opens what is in stores. The key itself, or its passphrase, is never here."""

    name = pw.CharField(max_length=80)
    # The public key of age, age1…, that stores are sealed to (CopyStore.recipients).
    recipient = pw.CharField(max_length=200, unique=True)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField(default=utcnow)
    # When somebody last showed that they have the key.
    proven_at = pw.DateTimeField(null=True)
    # Nothing new is sealed to it from then on.
    retired_at = pw.DateTimeField(null=True)
    # A text sealed to it, which anybody may see, and the SHA-256 of the word in it; null: nobody was asked to prove it.
    challenge = pw.CharField(null=True, max_length=4000)
    challenge_hash = pw.CharField(null=True, max_length=64)
    challenged_at = pw.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.name)


class CopiedSet(Table):
    """A backup set in a store, or on its way there."""

    store = pw.ForeignKeyField(CopyStore, on_delete="CASCADE", index=False)
    backup_set = pw.ForeignKeyField(BackupSet, null=True, on_delete="SET NULL")
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="SET NULL")
    # The copy outlives the set, and the tenant.
    directory_id = pw.CharField(max_length=36)
    tenant_name = pw.CharField()
    set_number = pw.BigIntegerField()
    state = pw.CharField(default=CopyState.WAITING, max_length=10)
    set_at = pw.DateTimeField()
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    try_at = pw.DateTimeField(null=True)
    copied_at = pw.DateTimeField(null=True)
    kept_until = pw.DateTimeField(null=True)
    # As the store answered; null: nothing locks it.
    locked_until = pw.DateTimeField(null=True)
    contents = pw.IntegerField(default=0)
    pushed_contents = pw.IntegerField(default=0)
    pushed_bytes = pw.BigIntegerField(default=0)
    # SHA-256 of the sealed manifest, known before it is sent: no other is ever signed, or taken for it.
    manifest_checksum = pw.CharField(null=True, max_length=64)
    message = pw.CharField(null=True, max_length=1000)
    # How many policies that very manifest says are not in the copy: their contents could not be opened here.
    left_out = pw.IntegerField(default=0)

    class Meta:
        indexes = (
            (("store", "set_number"), True),
            (("store", "state", "try_at"), False),
            (("store", "directory_id", "set_number"), False),
            (("store", "kept_until"), False),
        )


CopiedSet.add_index(
    CopiedSet.index(CopiedSet.store, CopiedSet.set_number, where=pw.SQL("left_out > 0"), name="copied_set_left_out")
)


class CopiedContent(Table):
    """A content in a store: pushed once, and kept as long as a set that is kept there needs it."""

    store = pw.ForeignKeyField(CopyStore, on_delete="CASCADE", index=False)
    directory_id = pw.CharField(max_length=36)
    # The 64 hex digits of its name there.
    name = pw.CharField(max_length=64)
    # Of its JSON, as manifests say it; and of the sealed object, as the store has it.
    sha256 = pw.CharField(max_length=64)
    checksum = pw.CharField(max_length=64)
    plain_bytes = pw.IntegerField()
    stored_bytes = pw.IntegerField()
    kept_until = pw.DateTimeField()
    locked_until = pw.DateTimeField(null=True)
    # It is being removed: whoever needs it waits, and pushes it anew.
    is_going = pw.BooleanField(default=False)
    # Null: it is there. Until then `checksum` is of the file that is being sent (db/copies/sent_contents.py).
    on_its_way_since = pw.DateTimeField(null=True)
    # The id of the CopiedSet that it is sent for; null: for none.
    sent_for = pw.BigIntegerField(null=True)

    class Meta:
        indexes = (
            (("store", "name"), True),
            (("store", "kept_until"), False),
            (("store", "directory_id", "id"), False),
        )


class CopyErasure(Table):
    """A request to delete what one store has of a tenant that is no longer here. It goes once nothing is left."""

    store = pw.ForeignKeyField(CopyStore, on_delete="CASCADE", index=False)
    directory_id = pw.CharField(max_length=36)
    tenant_name = pw.CharField()
    requested_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    requested_at = pw.DateTimeField(default=utcnow)
    due_at = pw.DateTimeField()
    # When the first look went at it. A recovery brings back nothing of its tenant from then on.
    begun_at = pw.DateTimeField(null=True)
    # What is gone by now.
    sets = pw.IntegerField(default=0)
    contents = pw.IntegerField(default=0)
    # Until when the store keeps the rest, as it answered; null: nobody asked yet, or nothing is locked.
    locked_until = pw.DateTimeField(null=True)
    # Why the store did not delete; null: it did, or nobody asked yet.
    error = pw.CharField(null=True, max_length=1000)

    class Meta:
        indexes = ((("store", "directory_id"), True),)


class Restore(Table):
    """A request to write policies to `tenant`, and what became of it."""

    tenant = pw.ForeignKeyField(Tenant, backref="restores", on_delete="CASCADE", index=False)
    # Where the contents are from; an uploaded set may be of a tenant that is not ours.
    source_directory_id = pw.CharField(max_length=36)
    source_name = pw.CharField()
    backup_set = pw.ForeignKeyField(BackupSet, null=True, on_delete="SET NULL")
    undo_of = pw.ForeignKeyField("self", null=True, on_delete="SET NULL")
    state = pw.CharField(default=RestoreState.DRAFT, max_length=10)
    # The fields of graph.restore.options.RestoreOptions.
    options = JsonText()
    reason = pw.CharField(null=True, max_length=500)
    # Why the Conditional Access guard may be passed, and who said so.
    guard_reason = pw.CharField(null=True, max_length=500)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField(default=utcnow)
    # Who last chose its options or items. RestoreRequester has everybody who did; versions before it read this one.
    changed_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    previewed_at = pw.DateTimeField(null=True)
    approved_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    approved_at = pw.DateTimeField(null=True)
    started_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField(null=True)
    # What was there before, captured before the first write.
    safety_set = pw.ForeignKeyField(BackupSet, null=True, on_delete="SET NULL")
    # The fingerprint of everything that decides what is written, as the preview kept it:
    # db/restores/plan_fingerprint.py.
    planned_mark = pw.CharField(null=True, max_length=64)
    # Part of the plan -> its SHA-256; null: planned by a version that bound less.
    plan_parts = JsonText(null=True)
    approved_fingerprint = pw.CharField(null=True, max_length=64)
    # [[kind, id in the source, id in the target]]: the mappings that the plan was made with.
    mappings_used = JsonText(null=True)
    # The rules of when it was requested: what is turned down later holds for later restores only.
    asks_four_eyes = pw.BooleanField(default=False)
    break_glass = JsonText(null=True)
    guard_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    guard_at = pw.DateTimeField(null=True)
    # For a run that failed in part: who let it be tried again, once.
    retry_approved_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    retry_approved_at = pw.DateTimeField(null=True)
    retry_approved_run = pw.BigIntegerField(null=True)
    # What an uploaded file says of itself, which anybody may have written: {"backup_set", "tenant", …}.
    file_says = JsonText(null=True)
    # How long its live run was to take, as the plan was confirmed.
    estimated_seconds = pw.IntegerField(null=True)
    # The rehearsal that it is a part of: it waits for nobody. No foreign key: a rehearsal refers to restores.
    rehearsal_id = pw.BigIntegerField(null=True)
    # The moment that it brings the tenant back to; null: it is no such act.
    brought_back_to = pw.DateTimeField(null=True)
    # The roll-out that it is a tenant's part of, and the standard that it brings policies to. No foreign keys: both
    # refer to restores.
    rollout_id = pw.BigIntegerField(null=True)
    standard_id = pw.BigIntegerField(null=True)
    # It puts back what somebody changed against a standard, and no person began it.
    is_by_itself = pw.BooleanField(default=False)

    class Meta:
        indexes = (
            (("tenant", "id"), False),
            (("tenant", "state", "id"), False),
            (("state", "id"), False),
            (("created_at",), False),
            (("created_by", "id"), False),
        )

    @property
    def is_into_own_tenant(self) -> bool:
        """Is it into the tenant that the policies are from?"""
        return bool(self.source_directory_id == self.tenant.directory_id)

    def __str__(self) -> str:
        return f"Restore {self.id}"


Restore.add_index(
    Restore.index(Restore.standard_id, Restore.id, where=pw.SQL("standard_id IS NOT NULL"), name="restore_standard")
)
Restore.add_index(
    Restore.index(Restore.standard_id, Restore.tenant, where=pw.SQL("is_by_itself"), name="restore_by_itself")
)


class RestoreRequester(Table):
    """Somebody who decided a part of what a restore writes: none of these is another pair of eyes."""

    restore = pw.ForeignKeyField(Restore, on_delete="CASCADE", index=False)
    user = pw.ForeignKeyField(User, on_delete="CASCADE", index=False)
    # What they did, in words that follow their name.
    act = pw.CharField(max_length=100)
    at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("restore", "user", "act"), True),)


class RestoreItem(Table):
    """One policy's part in a restore: what is to be written, the plan for it, and what became of it."""

    restore = pw.ForeignKeyField(Restore, backref="items", on_delete="CASCADE", index=False)
    position = pw.IntegerField(default=0)
    policy_type = pw.CharField(max_length=80)
    # As the backup has it; in the target tenant it may be another one's, or nobody's.
    graph_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    # None: this item removes what a restore created.
    content = pw.ForeignKeyField(Content, null=True, on_delete="RESTRICT")
    snapshot = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    # The names behind the content's ids, as the backup knew them.
    references = JsonText()
    # The plan. An undo knows its target before the preview.
    action = pw.CharField(null=True, max_length=20)
    target_id = pw.CharField(null=True, max_length=200)
    live_content = pw.ForeignKeyField(Content, null=True, on_delete="RESTRICT")
    live_mark = pw.CharField(null=True, max_length=64)
    differences = pw.IntegerField(default=0)
    # [{"kind", "id", "name", "how", "to", "item", "to_name"}]; see graph/restore/planner.py.
    resolutions = JsonText(null=True)
    notes = JsonText(null=True)
    reason = pw.CharField(null=True, max_length=60)
    message = pw.CharField(null=True, max_length=1000)
    # The result. `created_id` is remembered from the moment Graph answered it.
    created_id = pw.CharField(null=True, max_length=200)
    outcome = pw.CharField(null=True, max_length=20)
    after_mark = pw.CharField(null=True, max_length=64)
    verified = pw.BooleanField(null=True)
    # What was there before, as captured just before the first write.
    safety_snapshot = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    # A look that still holds: a service that allows one request a second is not asked twice for it.
    seen_content = pw.ForeignKeyField(Content, null=True, on_delete="SET NULL")
    seen_at = pw.DateTimeField(null=True)
    # The plan's: ids that were there under its name, each a policy of its own; null in older plans.
    namesakes = JsonText(null=True)
    # The plan's: properties of the body that the service would not take as they are (graph/restore/past_dates.py).
    left_out = JsonText(null=True)
    # The plan's: [{"code", "said"}], what is dangerous in it (graph/review/dangers.py); null in older plans.
    dangers = JsonText(null=True)
    # What an uploaded file says of this policy: {"name", "groups": {id: name}, …}.
    file_says = JsonText(null=True)
    # The plan's, of what comes back: {"id", "deleted_at", "state", "may_recreate"}; its content is `live_content`.
    kept = JsonText(null=True)
    # Why Microsoft did not bring it back: a new one is made instead.
    undelete_refusal = pw.CharField(null=True, max_length=1000)

    class Meta:
        indexes = ((("restore", "position"), False),)


class Write(Table):
    """A write's intent, recorded before it is sent; a crash or a lost answer leaves it unanswered, to be settled."""

    run = pw.ForeignKeyField(Run, on_delete="CASCADE", index=False)
    item = pw.ForeignKeyField(RestoreItem, backref="writes", on_delete="CASCADE", index=False)
    method = pw.CharField(max_length=6)
    path = pw.CharField(max_length=700)
    # SHA-256 of method, path and body: an approved request is sent again as it was.
    request_mark = pw.CharField(max_length=64)
    state = pw.CharField(default=WriteState.SENDING, max_length=10)
    sent_at = pw.DateTimeField(default=utcnow)
    answered_at = pw.DateTimeField(null=True)
    error_code = pw.CharField(null=True, max_length=60)
    request_id = pw.CharField(null=True, max_length=80)
    # A create's: the ids that looked like it before it was sent, so that the one it makes can be told from them.
    known_ids = JsonText(null=True)
    approval = pw.CharField(null=True, max_length=80)
    # The client-request-id that we sent: Microsoft's audit logs call it the event's correlation id.
    client_request_id = pw.CharField(null=True, max_length=36)

    class Meta:
        indexes = ((("item", "id"), False), (("run", "id"), False))


# An event of a tenant's log is ours if we sent it.
Write.add_index(
    Write.index(Write.client_request_id, where=pw.SQL("client_request_id IS NOT NULL"), name="write_client_request")
)


class Listing(Table):
    """A list of a policy type that a run has read: kept until the run ends, so that waiting costs no second look."""

    run = pw.ForeignKeyField(Run, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    # The shape of graph.read.readings.ListedPolicy, without times.
    rows = JsonText()
    listed_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("run", "policy_type"), True),)


class RunAnswer(Table):
    """An answer to a reading of a run: kept until its result is recorded, so that no request is sent twice."""

    run = pw.ForeignKeyField(Run, on_delete="CASCADE", index=False)
    reading = pw.CharField(max_length=200)
    # SHA-256 of the path that was asked.
    path_mark = pw.CharField(max_length=64)
    # The shape of graph.transport.answer_json.pack_answer; compressed, then sealed: it may be a policy.
    sealed = pw.BlobField()
    # A time before it was asked for: what a policy became later, it does not say.
    kept_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("run", "reading", "path_mark"), True),)


class Upload(Table):
    """A file that somebody sent to restore from it, until the run that reads it ends."""

    # The tenant to restore to.
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    # None: it is being received. What never gets a run goes after a day.
    run = pw.ForeignKeyField(Run, null=True, unique=True, on_delete="CASCADE")
    options = JsonText()
    size = pw.IntegerField(default=0)
    created_at = pw.DateTimeField(default=utcnow, index=True)


class UploadChunk(Table):
    """A part of an upload, sealed and written at once."""

    upload = pw.ForeignKeyField(Upload, on_delete="CASCADE", index=False)
    number = pw.IntegerField()
    sealed = pw.BlobField()

    class Meta:
        indexes = ((("upload", "number"), True),)


class PolicyDocument(Table):
    """A document made for people of a tenant's policies, for as long as the setting says."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    # The run that makes it; null: that run went.
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    requested_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    # Shape: actors/documents/options.py.
    options = JsonText()
    format = pw.CharField(max_length=8)
    title = pw.CharField(max_length=300)
    # What it holds; null until it is made.
    policies = pw.IntegerField(null=True)
    size = pw.IntegerField(null=True)
    made_at = pw.DateTimeField(null=True)
    created_at = pw.DateTimeField(default=utcnow, index=True)

    class Meta:
        indexes = ((("tenant", "id"), False),)

    def __str__(self) -> str:
        return f"Document {self.id}"


class DocumentChunk(Table):
    """A part of a document's file, sealed and written at once."""

    document = pw.ForeignKeyField(PolicyDocument, on_delete="CASCADE", index=False)
    number = pw.IntegerField()
    sealed = pw.BlobField()

    class Meta:
        indexes = ((("document", "number"), True),)


class DocumentProvider(Table):
    """The name and the logo that stand on documents: one row, set by an admin."""

    name = pw.CharField(max_length=120)
    logo = pw.BlobField(null=True)
    logo_type = pw.CharField(null=True, max_length=20)


class PolicyImport(Table):
    """An export of another tool, as a run read it: imported, and never captured.

    Until somebody keeps it, it is a preview, and goes by itself.
    """

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    name = pw.CharField(max_length=200)
    # The directory that it says it is of; the stand-in for an unknown one where it says none.
    source_directory_id = pw.CharField(max_length=36)
    organisation = pw.CharField(default="", max_length=200)
    # Values of graph.foreign.export.ForeignFormat.
    formats = JsonText()
    # [{"kind", "text"}] of the whole.
    findings = JsonText()
    # [{"path", "state", "format", "why"}]: files that gave no policy, or not all of theirs, as far as they are kept.
    files = JsonText()
    file_count = pw.IntegerField(default=0)
    policy_count = pw.IntegerField(default=0)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField(default=utcnow)
    kept_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("tenant", "id"), False), (("kept_at", "created_at"), False))

    def __str__(self) -> str:
        return f"import {self.id}"


class ImportedPolicy(Table):
    """A policy of an import, with what its tool lost, altered and asks."""

    policy_import = pw.ForeignKeyField(PolicyImport, backref="policies", on_delete="CASCADE", index=False)
    position = pw.IntegerField()
    # Its file's, in the export.
    path = pw.CharField(max_length=1000)
    format = pw.CharField(max_length=30)
    policy_type = pw.CharField(max_length=80)
    # Its own, or a stand-in where the tool kept none.
    graph_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    content = pw.ForeignKeyField(Content, on_delete="RESTRICT")
    # With the script that lies beside it, where that differs; `takes_other`: somebody chose it.
    other_content = pw.ForeignKeyField(Content, null=True, on_delete="RESTRICT")
    takes_other = pw.BooleanField(default=False)
    references = JsonText()
    # [{"kind", "text"}]; see graph.foreign.export.
    findings = JsonText()
    # Texts that somebody has to fill in before it can be restored.
    placeholders = JsonText()

    class Meta:
        indexes = ((("policy_import", "position"), True),)

    @property
    def chosen_content_id(self) -> int:
        content_id: int = self.other_content_id if self.takes_other else self.content_id
        return content_id


class Mapping(Table):
    """An object of a tenant that stands for one of the directory that a backup is of."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    source_directory_id = pw.CharField(max_length=36)
    # A name of graph/references/reference_kinds.py.
    kind = pw.CharField(max_length=80)
    source_id = pw.CharField(max_length=200)
    source_name = pw.CharField(null=True, max_length=1000)
    target_id = pw.CharField(max_length=200)
    target_name = pw.CharField(null=True, max_length=1000)
    # None: a restore made the object, and remembered it.
    set_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    set_at = pw.DateTimeField(default=utcnow)

    class Meta:
        # By the directory alone: when its tenant is removed.
        indexes = (
            (("tenant", "source_directory_id", "kind", "source_id"), True),
            (("source_directory_id", "tenant"), False),
        )


class Schedule(Table):
    """When a tenant is backed up by itself: cron, in the tenant's own time zone."""

    tenant = pw.ForeignKeyField(Tenant, backref="schedules", on_delete="CASCADE", index=False)
    cron = pw.CharField(max_length=100)
    time_zone = pw.CharField(default="UTC", max_length=60)
    is_full = pw.BooleanField(default=False)
    is_paused = pw.BooleanField(default=False)
    next_at = pw.DateTimeField(null=True, index=True)
    last_at = pw.DateTimeField(null=True)
    last_run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL")
    created_at = pw.DateTimeField(default=utcnow)
    # Paused by the scheduler, which could not tell when it comes next. Null: by a person, or not at all.
    paused_because = pw.CharField(null=True, max_length=500)
    # It rehearses a restore, of which a backup is the first step, instead of only backing up.
    is_rehearsal = pw.BooleanField(default=False)

    class Meta:
        indexes = ((("tenant", "id"), False),)

    def __str__(self) -> str:
        return f"{self.cron} ({self.time_zone})"


class RehearsalRules(Table):
    """The rules of a tenant for rehearsals: whether others may write into it as a lab, and which lab it has itself."""

    tenant = pw.ForeignKeyField(Tenant, unique=True, on_delete="CASCADE")
    is_lab = pw.BooleanField(default=False)
    lab = pw.ForeignKeyField(Tenant, null=True, backref="+", on_delete="SET NULL")


class Rehearsal(Table):
    """A rehearsal of a tenant's restore: what was done, by which runs, and how it ended. Its row outlives its run.

    The ids without a foreign key are of rows that may go before it.
    """

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run_id = pw.BigIntegerField(null=True)
    state = pw.CharField(default=RehearsalState.RUNNING, max_length=10)
    created_at = pw.DateTimeField(default=utcnow)
    ended_at = pw.DateTimeField(null=True)
    backup_run_id = pw.BigIntegerField(null=True)
    backup_set_id = pw.BigIntegerField(null=True)
    # The contents of that set: how many there are, how many were looked at, and up to which snapshot.
    contents_total = pw.IntegerField(null=True)
    contents_checked = pw.IntegerField(default=0)
    checked_to = pw.BigIntegerField(default=0)
    # The planned restore into its own tenant, and what it would do: {action: number of policies}.
    plan_restore_id = pw.BigIntegerField(null=True)
    plan_counts = JsonText(null=True)
    # The lab, what was restored into it, what removed that again, and when nothing of it was left.
    lab_id = pw.BigIntegerField(null=True)
    lab_restore_id = pw.BigIntegerField(null=True)
    lab_undo_id = pw.BigIntegerField(null=True)
    lab_cleared_at = pw.DateTimeField(null=True)
    # When a run of its own removes what is left in the lab; null: nothing is, or it was tried often enough.
    removal_due_at = pw.DateTimeField(null=True)
    removal_run_id = pw.BigIntegerField(null=True)
    removal_tries = pw.IntegerField(default=0)
    # How many findings there are; the first of them are kept as rows.
    findings = pw.IntegerField(default=0)

    class Meta:
        indexes = ((("tenant", "id"), False),)

    def __str__(self) -> str:
        return f"Rehearsal {self.id}"


Rehearsal.add_index(Rehearsal.index(Rehearsal.run_id, name="rehearsal_run"))
Rehearsal.add_index(
    Rehearsal.index(Rehearsal.removal_run_id, where=pw.SQL("removal_run_id IS NOT NULL"), name="rehearsal_removal_run")
)
Rehearsal.add_index(
    Rehearsal.index(Rehearsal.removal_due_at, where=pw.SQL("removal_due_at IS NOT NULL"), name="rehearsal_removal_due")
)


class RehearsalFinding(Table):
    """Something that a rehearsal found: a failure, or a remark on what needs a hand."""

    rehearsal = pw.ForeignKeyField(Rehearsal, on_delete="CASCADE", index=False)
    step = pw.CharField(max_length=20)
    is_failure = pw.BooleanField(default=True)
    code = pw.CharField(max_length=60)
    message = pw.CharField(max_length=1000)
    # The policy, as its backup had it; without one it is of the whole step.
    policy_type = pw.CharField(null=True, max_length=80)
    graph_id = pw.CharField(null=True, max_length=200)
    name = pw.CharField(null=True, max_length=1000)

    class Meta:
        indexes = ((("rehearsal", "id"), False),)


class RehearsalSample(Table):
    """A policy that a rehearsal restored into the lab, and what became of it there."""

    rehearsal = pw.ForeignKeyField(Rehearsal, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    graph_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    # The object in the lab; null: none was made.
    lab_object_id = pw.CharField(null=True, max_length=200)
    outcome = pw.CharField(null=True, max_length=20)
    message = pw.CharField(null=True, max_length=1000)
    # How many of its fields are otherwise than planned; null: nobody compared it.
    differences = pw.IntegerField(null=True)
    is_removed = pw.BooleanField(default=False)

    class Meta:
        indexes = ((("rehearsal", "id"), False),)


class DirectoryName(Table):
    """The name behind an id that policies refer to, as last seen in the tenant; null when it is deleted.

    For a service principal (kind principals) its app's id; for a domain, what sort it is: db/runs/name_cache.py.
    """

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=20)
    object_id = pw.CharField(max_length=80)
    name = pw.CharField(null=True, max_length=1000)
    seen_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("tenant", "kind", "object_id"), True),)


class DefinitionText(Table):
    """A setting in Microsoft's words, one language to a row; of the installation, and no tenant's.

    The id is folded (small letters). One that was met and not asked for yet is wanted; one that Graph does not know is
    unknown, and asked for again after a while. `version` is opaque: graph/definitions/parsing.py.
    """

    definition_id = pw.CharField(max_length=400)
    # As the first policy that named it writes it: an intent's is in capitals, and Graph may know it by that alone.
    spelling = pw.CharField(max_length=400)
    language = pw.CharField(max_length=12)
    # Which list of Graph's has it: graph/definitions/catalogues.py.
    catalogue = pw.CharField(max_length=20)
    state = pw.CharField(default=DefinitionState.WANTED, max_length=10)
    # When Graph was asked last; null: never.
    asked_at = pw.DateTimeField(null=True)
    # When Graph's words were other than before.
    changed_at = pw.DateTimeField(null=True)
    version = pw.CharField(default="", max_length=60)
    title = pw.CharField(default="", max_length=300)
    description = pw.TextField(default="")
    category_id = pw.CharField(default="", max_length=200)
    # Folded item id -> title.
    options = JsonText(null=True)
    unit = pw.CharField(default="", max_length=40)
    minimum = pw.BigIntegerField(null=True)
    maximum = pw.BigIntegerField(null=True)
    is_secret = pw.BooleanField(default=False)

    class Meta:
        indexes = ((("definition_id", "language"), True), (("language", "state", "asked_at"), False))


class DefinitionCategory(Table):
    """A category of settings in one language. `path`: titles from the top category down to this one."""

    category_id = pw.CharField(max_length=200)
    language = pw.CharField(max_length=12)
    path = JsonText()
    asked_at = pw.DateTimeField()

    class Meta:
        indexes = ((("category_id", "language"), True),)


class DefinitionSource(Table):
    """A tenant of which definitions are asked: whether it may have met new ones, and why it refused, if it did."""

    tenant = pw.ForeignKeyField(Tenant, unique=True, on_delete="CASCADE")
    # Since when its policies may hold what the catalogue lacks; null: nothing is due.
    due_since = pw.DateTimeField(null=True)
    # Not asked before then: it refused, in this sentence.
    again_at = pw.DateTimeField(null=True)
    refusal = pw.CharField(null=True, max_length=500)


# The scheduler asks at every tick for the few that are due.
DefinitionSource.add_index(
    DefinitionSource.index(
        DefinitionSource.due_since, where=pw.SQL("due_since IS NOT NULL"), name="definition_source_due"
    )
)


class ReadinessReport(Table):
    """A judgement of a tenant: how much would have come back at that moment, and how long that would have taken."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    made_at = pw.DateTimeField(default=utcnow)
    # 0 to 1: of all policies, those that come back by themselves.
    share = pw.FloatField()
    # Verdict -> number of policies; reason -> number of those with it.
    counts = JsonText()
    reasons = JsonText()
    seconds = pw.IntegerField()

    class Meta:
        indexes = ((("tenant", "id"), False), (("made_at",), False))


class TenantReadiness(Table):
    """A tenant's newest report, and whether a backup was made since."""

    tenant = pw.ForeignKeyField(Tenant, unique=True, on_delete="CASCADE")
    report = pw.ForeignKeyField(ReadinessReport, null=True, on_delete="SET NULL")
    # Since when there is a newer backup; null: nothing is due.
    due_since = pw.DateTimeField(null=True)
    # Not tried again before then.
    again_at = pw.DateTimeField(null=True)


# The scheduler asks at every tick for the few that are due.
TenantReadiness.add_index(
    TenantReadiness.index(TenantReadiness.due_since, where=pw.SQL("due_since IS NOT NULL"), name="readiness_due")
)


class ReadinessItem(Table):
    """A policy's line in the newest report."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, unique=True, on_delete="CASCADE")
    policy_type = pw.CharField(max_length=80)
    name = pw.CharField(max_length=1000)
    verdict = pw.CharField(max_length=10)
    reason = pw.CharField(max_length=40)
    why = pw.CharField(max_length=1000)

    class Meta:
        indexes = ((("tenant", "verdict", "policy_type", "name"), False),)


# As literals, for the indexes, as IS_ACTIVE above.
IS_GONE_TARGET = pw.SQL("is_gone")
HAS_INTENT = pw.SQL("intent <> ''")


class PolicyTarget(Table):
    """A target of a policy's newest snapshot: whom or what it includes, excludes or names.

    Kinds and places: graph/assignments/target.py. It is an index: it can be made anew from the snapshot.
    """

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, backref="targets", on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    kind = pw.CharField(max_length=20)
    # "" for a kind that stands for all of its sort.
    object_id = pw.CharField(max_length=80)
    is_excluded = pw.BooleanField(default=False)
    place = pw.CharField(max_length=12)
    intent = pw.CharField(max_length=40, default="")
    filter_id = pw.CharField(null=True, max_length=80)
    filter_mode = pw.CharField(max_length=10, default="")
    # The group or the filter was deleted, as the reading saw it.
    is_gone = pw.BooleanField(default=False)
    # [[name, value]]: settings of an app's assignment, conditions and controls of Conditional Access; null: none.
    terms = JsonText(null=True)

    class Meta:
        indexes = (
            # All that a list of one target is narrowed by: no row is looked up that is not shown.
            (("kind", "object_id", "policy", "tenant", "policy_type", "intent"), False),
            (("tenant", "kind", "object_id", "policy"), False),
            (("policy", "id"), False),
            # With the tenant at its end, for one type of one tenant is counted without looking up a row.
            (("policy_type", "policy", "id", "tenant"), False),
        )

    def __str__(self) -> str:
        return f"Assignment {self.id}"


PolicyTarget.add_index(
    PolicyTarget.index(
        PolicyTarget.filter_id,
        PolicyTarget.policy,
        where=pw.SQL("filter_id IS NOT NULL"),
        name="policy_target_filter",
    )
)
PolicyTarget.add_index(
    PolicyTarget.index(PolicyTarget.intent, PolicyTarget.policy, where=HAS_INTENT, name="policy_target_intent")
)
PolicyTarget.add_index(PolicyTarget.index(PolicyTarget.policy, where=IS_GONE_TARGET, name="policy_target_gone"))


class PolicyReference(Table):
    """An object that a policy's newest snapshot refers to, by its kind (graph/references) and id. An index, too."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, backref="object_references", on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=40)
    object_id = pw.CharField(max_length=200)

    class Meta:
        indexes = ((("policy", "kind", "object_id"), True), (("tenant", "object_id"), False))


class AssignmentLookUp(Table):
    """A run's question about a person or a device, and what it found: sealed, and gone after a few days."""

    run = pw.ForeignKeyField(Run, unique=True, on_delete="CASCADE")
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    # {"kind": "person" or "device", "name"}, then also what was found: actors/assignments/findings.py.
    sealed = pw.BlobField()
    made_at = pw.DateTimeField(default=utcnow, index=True)


class Expiry(Table):
    """A certificate, token or connector of a tenant, as it was seen last. Without an id: a kind that cannot be read."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=40)
    object_id = pw.CharField(max_length=200)
    name = pw.CharField(max_length=1000)
    expires_at = pw.DateTimeField(null=True)
    # In Graph's words; `is_well`: nothing has to be done about it.
    state = pw.CharField(max_length=200)
    is_well = pw.BooleanField()
    seen_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("tenant", "kind", "object_id"), True),)


# /metrics counts what ends soon, of all tenants.
Expiry.add_index(Expiry.index(Expiry.expires_at, where=pw.SQL("expires_at IS NOT NULL"), name="expiry_ends"))


class Notification(Table):
    """One per run and recipient. Its words come from the run as it now is; only being read is its own."""

    user = pw.ForeignKeyField(User, backref="notifications", on_delete="CASCADE", index=False)
    run = pw.ForeignKeyField(Run, backref="notifications", on_delete="CASCADE")
    created_at = pw.DateTimeField(default=utcnow)
    changed_at = pw.DateTimeField(default=utcnow)
    read_at = pw.DateTimeField(null=True)
    # Of a preview whose plan this person was asked to confirm: by whom, and when.
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    asked_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("user", "run"), True), (("user", "changed_at"), False))


Notification.add_index(
    Notification.index(
        Notification.user, Notification.changed_at, where=pw.SQL("read_at IS NULL"), name="notification_unread"
    )
)


class Change(Table):
    """A policy that became another between two looks at it. Recorded with what saw it, assessed a moment later."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, backref="changes", on_delete="CASCADE", index=False)
    kind = pw.CharField(max_length=20)
    state = pw.CharField(default=ChangeState.RECORDED, max_length=10)
    # Null until it is assessed.
    severity = pw.CharField(null=True, max_length=10)
    # The names of the severity rules that say so.
    rules = JsonText(null=True)
    # When it was last known to be as before, and when it was seen to be otherwise: who changed it did so in between.
    since_at = pw.DateTimeField(null=True)
    seen_at = pw.DateTimeField(default=utcnow)
    run = pw.ForeignKeyField(Run, null=True, on_delete="SET NULL")
    before = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    after = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    # Their contents' fingerprints, which outlive them; null: it was not there, or is not.
    before_mark = pw.CharField(null=True, max_length=64)
    after_mark = pw.CharField(null=True, max_length=64)
    # [{"path", "label", "how"}]: what differs, in words, without any value. Null until it is assessed.
    differences = JsonText(null=True)
    difference_count = pw.IntegerField(default=0)
    # The live restore of ours that made it. No foreign key: it outlives it.
    restore_id = pw.BigIntegerField(null=True)
    assessed_at = pw.DateTimeField(null=True)
    decided_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    decided_at = pw.DateTimeField(null=True)
    reason = pw.CharField(null=True, max_length=500)
    # An accepted one's: until when. Null: for good.
    until = pw.DateTimeField(null=True)
    # The standard that the policy differs from: nobody saw it become so, and `before_mark` is what is wanted. No
    # foreign key: standards come later here.
    standard_id = pw.BigIntegerField(null=True)
    # Its policy's, for the list, which is narrowed by it. A trigger fills it in, whoever wrote the change.
    policy_type = pw.CharField(null=True, max_length=80)

    class Meta:
        indexes = (
            (("tenant", "id"), False),
            (("policy", "id"), False),
            (("tenant", "state", "id"), False),
            (("state", "id"), False),
            (("severity", "id"), False),
            (("kind", "id"), False),
            (("tenant", "seen_at"), False),
            (("seen_at",), False),
            (("policy_type", "id"), False),
            # Narrowed by two things.
            (("state", "severity", "id"), False),
            (("state", "kind", "id"), False),
            (("severity", "kind", "id"), False),
            (("tenant", "severity", "id"), False),
            (("tenant", "kind", "id"), False),
            (("tenant", "policy_type", "id"), False),
            (("policy_type", "state", "id"), False),
            (("policy_type", "severity", "id"), False),
            (("policy_type", "kind", "id"), False),
        )

    def __str__(self) -> str:
        return f"Change {self.id}"


Change.add_index(Change.index(Change.tenant, where=pw.SQL("assessed_at IS NULL"), name="change_unassessed"))
Change.add_index(Change.index(Change.until, where=pw.SQL("state = 'accepted'"), name="change_accepted_until"))
Change.add_index(
    Change.index(Change.standard_id, Change.tenant, where=pw.SQL("standard_id IS NOT NULL"), name="change_standard")
)
# Few were made by a restore of ours.
_OF_OURS = pw.SQL("restore_id IS NOT NULL")
Change.add_index(Change.index(Change.id, where=_OF_OURS, name="change_of_ours"))
Change.add_index(Change.index(Change.tenant, Change.id, where=_OF_OURS, name="change_of_ours_tenant"))
Change.add_index(Change.index(Change.state, Change.id, where=_OF_OURS, name="change_of_ours_state"))
Change.add_index(Change.index(Change.severity, Change.id, where=_OF_OURS, name="change_of_ours_severity"))
Change.add_index(Change.index(Change.kind, Change.id, where=_OF_OURS, name="change_of_ours_kind"))
Change.add_index(Change.index(Change.policy_type, Change.id, where=_OF_OURS, name="change_of_ours_type"))


class ApprovedPolicy(Table):
    """The state of a policy that somebody declared to be right. Retention keeps its snapshot."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    policy = pw.ForeignKeyField(Policy, unique=True, on_delete="CASCADE")
    # None, and no mark: it is right that the policy is not there.
    snapshot = pw.ForeignKeyField(Snapshot, null=True, on_delete="SET NULL")
    mark = pw.CharField(null=True, max_length=64)
    approved_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    approved_at = pw.DateTimeField(default=utcnow)
    reason = pw.CharField(null=True, max_length=500)


class ApprovedScope(Table):
    """A policy type of a tenant, or all of it (""), that was approved whole: a policy that is added later is open."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(default="", max_length=80)
    approved_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    approved_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("tenant", "policy_type"), True),)


class Acceptance(Table):
    """A state of a policy, by its fingerprint, that may differ from the approved one for a while."""

    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    # "": that it is not there.
    mark = pw.CharField(default="", max_length=64)
    reason = pw.CharField(max_length=500)
    until = pw.DateTimeField(null=True)
    accepted_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    accepted_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("policy", "mark"), True),)


class IgnoredField(Table):
    """A place in the policies of a type in which a difference is no change. `tenant` None: in every tenant."""

    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE", index=False)
    policy_type = pw.CharField(max_length=80)
    path = pw.CharField(max_length=500)
    added_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    added_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("tenant", "policy_type", "path"), True), (("policy_type", "tenant"), False))


class SeverityRule(Table):
    """A rule of how grave a change is, where an admin made another of a built-in one, or added one."""

    # A built-in one's name, or "own:…".
    name = pw.CharField(unique=True, max_length=80)
    severity = pw.CharField(max_length=10)
    is_active = pw.BooleanField(default=True)
    # Of an own one. "": every policy type; a part of a path: only changes there.
    policy_type = pw.CharField(default="", max_length=80)
    path = pw.CharField(default="", max_length=500)
    changed_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    changed_at = pw.DateTimeField(default=utcnow)


class Standard(Table):
    """A configuration that is the same in many tenants. Its versions never change.

    `uid` stands for the directory that its contents are of: with it mappings say what each item and each object is in
    a tenant (docs/standards.md).
    """

    name = pw.CharField(unique=True, max_length=120)
    uid = pw.CharField(unique=True, max_length=36)
    description = pw.CharField(default="", max_length=1000)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField(default=utcnow)
    # Nobody follows it any more, and nobody may begin to.
    archived_at = pw.DateTimeField(null=True)
    # After so many days without an open change in a ring, the next one is offered.
    soak_days = pw.IntegerField(default=7)
    # After so many days Conditional Access that arrived report-only may be switched on.
    look_days = pw.IntegerField(default=7)
    # A roll-out stops by itself where more than this share of its items or tenants failed.
    stop_percent = pw.IntegerField(default=20)
    at_once = pw.IntegerField(default=3)

    def __str__(self) -> str:
        return str(self.name)


class StandardVersion(Table):
    """The items, parameters and notes of a standard from one day on: immutable."""

    standard = pw.ForeignKeyField(Standard, backref="versions", on_delete="CASCADE", index=False)
    number = pw.IntegerField()
    notes = pw.CharField(default="", max_length=4000)
    source = pw.CharField(max_length=10)
    source_tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="SET NULL")
    source_name = pw.CharField(default="", max_length=255)
    # The number of the version that it was made from.
    based_on = pw.IntegerField(null=True)
    with_assignments = pw.BooleanField(default=True)
    # [{"name", "kind", "label", "default", "object", "places"}]; see graph/standards/rendering.py.
    parameters = JsonText()
    item_count = pw.IntegerField(default=0)
    made_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    made_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("standard", "number"), True),)

    def __str__(self) -> str:
        return f"version {self.number}"


class StandardContent(Table):
    """A body of a standard, once per standard and fingerprint, sealed. Without secrets: it goes to many tenants."""

    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    fingerprint = pw.CharField(max_length=64)
    sealed = pw.BlobField()
    plain_bytes = pw.IntegerField()
    created_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("standard", "fingerprint"), True),)


class StandardItem(Table):
    """One policy of a version. Its `key` is the same in every version, and other items refer to it by that."""

    version = pw.ForeignKeyField(StandardVersion, backref="items", on_delete="CASCADE", index=False)
    position = pw.IntegerField()
    key = pw.CharField(max_length=200)
    policy_type = pw.CharField(max_length=80)
    name = pw.CharField(max_length=1000)
    content = pw.ForeignKeyField(StandardContent, on_delete="RESTRICT")
    # The names behind the content's ids, as where it was taken from knew them.
    references = JsonText()

    class Meta:
        indexes = ((("version", "position"), True), (("version", "key"), True))


class StandardTag(Table):
    """Every tenant with the tag follows the standard, those included that get it later."""

    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    tag = pw.CharField(max_length=40)
    # Like TenantTag.folded.
    folded = pw.CharField(max_length=80)
    ring = pw.CharField(max_length=10)
    added_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    added_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("standard", "folded"), True),)


class StandardAdoption(Table):
    """A tenant that follows a standard: in which ring, held to which version, with which values."""

    standard = pw.ForeignKeyField(Standard, backref="adoptions", on_delete="CASCADE", index=False)
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    ring = pw.CharField(max_length=10)
    # None: nothing was rolled out to it yet.
    version = pw.ForeignKeyField(StandardVersion, null=True, on_delete="SET NULL")
    # Parameter -> its value here; one that is not there has its default. Those of objects are mappings.
    values = JsonText()
    # The tag by which it follows; None: somebody said so of this tenant.
    folded_tag = pw.CharField(null=True, max_length=80)
    adopted_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    adopted_at = pw.DateTimeField(default=utcnow)
    # State of a cell -> how many of its cells are in it.
    counts = JsonText()
    # From when on its cells are to be worked out again; one that lies ahead is the next look.
    due_since = pw.DateTimeField(null=True)
    checked_at = pw.DateTimeField(null=True)
    # So many policies are put back by themselves in a day, and no more.
    put_backs_a_day = pw.IntegerField(default=5)

    class Meta:
        indexes = ((("standard", "tenant"), True), (("standard", "ring", "tenant"), False))


StandardAdoption.add_index(
    StandardAdoption.index(
        StandardAdoption.due_since, where=pw.SQL("due_since IS NOT NULL"), name="standard_adoption_due"
    )
)
StandardAdoption.add_index(
    StandardAdoption.index(
        StandardAdoption.folded_tag, where=pw.SQL("folded_tag IS NOT NULL"), name="standard_adoption_tag"
    )
)


class StandardException(Table):
    """An item that a tenant, or every tenant with a tag, has otherwise: why, until when, and who allowed it."""

    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    # One of the two.
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE")
    folded_tag = pw.CharField(null=True, max_length=80)
    item_key = pw.CharField(max_length=200)
    kind = pw.CharField(max_length=10)
    # Of "otherwise": the places where the tenant's own value stays.
    paths = JsonText()
    reason = pw.CharField(max_length=500)
    until = pw.DateTimeField(null=True)
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    asked_at = pw.DateTimeField(default=utcnow)
    # None: it does not hold yet.
    approved_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    approved_at = pw.DateTimeField(null=True)
    ended_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    ended_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("standard", "ended_at", "item_key"), False),)


StandardException.add_index(
    StandardException.index(
        StandardException.until,
        where=pw.SQL("ended_at IS NULL AND until IS NOT NULL"),
        name="standard_exception_until",
    )
)


class StandardCell(Table):
    """An item of a standard in one tenant: how the tenant has it, as its newest snapshot says."""

    adoption = pw.ForeignKeyField(StandardAdoption, backref="cells", on_delete="CASCADE", index=False)
    item_key = pw.CharField(max_length=200)
    policy_type = pw.CharField(max_length=80)
    name = pw.CharField(max_length=1000)
    state = pw.CharField(max_length=12)
    policy = pw.ForeignKeyField(Policy, null=True, on_delete="SET NULL")
    # The snapshot that was compared. No foreign key: pruning need not look here.
    snapshot_id = pw.BigIntegerField(null=True)
    difference_count = pw.IntegerField(default=0)
    # [{"path", "label", "how"}]: the first few places, without any value.
    places = JsonText(null=True)
    # Who changed it, and what is decided about that.
    change = pw.ForeignKeyField(Change, null=True, on_delete="SET NULL")
    exception = pw.ForeignKeyField(StandardException, null=True, on_delete="SET NULL")
    # Of one whose policy nobody has confirmed: [[graph id, name]].
    candidates = JsonText(null=True)
    # The fingerprint of the content that was last as the standard wants it.
    aligned_mark = pw.CharField(null=True, max_length=64)
    why = pw.CharField(default="", max_length=500)
    since_at = pw.DateTimeField(default=utcnow)
    keep = pw.CharField(default=KeepChoice.TELL, max_length=10)
    # SHA-256 of what an aligned cell was worked out from: while that is the same, it is not compared again.
    basis = pw.CharField(null=True, max_length=64)

    class Meta:
        indexes = ((("adoption", "item_key"), True), (("adoption", "state"), False))


StandardCell.add_index(
    StandardCell.index(StandardCell.adoption, where=pw.SQL("keep = 'put_back'"), name="standard_cell_put_back")
)


class RollOut(Table):
    """A version on its way to the tenants of one ring: planned for each, confirmed once, carried out one by one."""

    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    version = pw.ForeignKeyField(StandardVersion, on_delete="CASCADE")
    ring = pw.CharField(max_length=10)
    kind = pw.CharField(default=RollOutKind.ROLL_OUT, max_length=10)
    state = pw.CharField(default=RollOutState.PREVIEWING, max_length=12)
    reason = pw.CharField(default="", max_length=500)
    stop_percent = pw.IntegerField()
    at_once = pw.IntegerField()
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    asked_at = pw.DateTimeField(default=utcnow)
    confirmed_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    confirmed_at = pw.DateTimeField(null=True)
    started_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField(null=True)
    # Why it stopped, or waits.
    message = pw.CharField(default="", max_length=1000)
    # When anything was done for it last: the sweep goes on with one that was left.
    acted_at = pw.DateTimeField(default=utcnow)

    class Meta:
        indexes = ((("standard", "id"), False), (("state", "acted_at"), False))

    def __str__(self) -> str:
        return f"Roll-out {self.id}"


class RollOutTenant(Table):
    """One tenant's part in a roll-out: its restore, what becomes of it, and what its manager says."""

    rollout = pw.ForeignKeyField(RollOut, backref="tenants", on_delete="CASCADE", index=False)
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    state = pw.CharField(default=RollOutTenantState.WAITING, max_length=10)
    restore = pw.ForeignKeyField(Restore, null=True, on_delete="SET NULL")
    undo = pw.ForeignKeyField(Restore, null=True, on_delete="SET NULL")
    # Action or outcome -> how many of its items.
    counts = JsonText()
    # [{"item_key", "name", "who"}]: what another hand changed since, and is left alone.
    conflicts = JsonText()
    message = pw.CharField(default="", max_length=1000)
    objection = pw.CharField(null=True, max_length=500)
    objected_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    objected_at = pw.DateTimeField(null=True)
    overridden_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    overridden_reason = pw.CharField(null=True, max_length=500)
    changed_at = pw.DateTimeField(default=utcnow)
    # The fingerprint of the plan that was confirmed with the ring: no other is carried out.
    confirmed_mark = pw.CharField(null=True, max_length=64)
    # What the tenant was held to before. No foreign key: a roll-back puts it back where it is there.
    previous_version_id = pw.BigIntegerField(null=True)

    class Meta:
        indexes = ((("rollout", "tenant"), True), (("rollout", "state"), False))


class EventLog(Table):
    """The reading of one of a tenant's own audit logs: how far it went, and whether it can go on."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    log = pw.CharField(max_length=10)
    # Everything up to then was read; null: nothing yet.
    read_to = pw.DateTimeField(null=True)
    # The oldest time that was asked for: of before then, the log was never read.
    reaches_from = pw.DateTimeField(null=True)
    asked_at = pw.DateTimeField(null=True)
    # {"since", "until", "link"}: the window that is being read, and its next page; null: none is half read.
    pending = JsonText(null=True)
    # Why it could not be read when it was asked last; null: it could.
    error_code = pw.CharField(null=True, max_length=60)
    error_message = pw.CharField(null=True, max_length=500)

    class Meta:
        indexes = ((("tenant", "log"), True),)


class TenantEvent(Table):
    """An event of a tenant's own audit log: who did what to which object. Names only, never a value."""

    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE", index=False)
    log = pw.CharField(max_length=10)
    # Microsoft's id, never used twice.
    event_id = pw.CharField(max_length=200)
    at = pw.DateTimeField()
    # What they call it: "Patch DeviceManagementConfigurationPolicy".
    activity = pw.CharField(max_length=500)
    operation = pw.CharField(max_length=20)
    is_success = pw.BooleanField(default=True)
    doer_kind = pw.CharField(max_length=12)
    doer_name = pw.CharField(null=True, max_length=300)
    doer_id = pw.CharField(null=True, max_length=80)
    # The app that a person used, where it is named too.
    app_name = pw.CharField(null=True, max_length=300)
    app_id = pw.CharField(null=True, max_length=80)
    address = pw.CharField(null=True, max_length=60)
    category = pw.CharField(null=True, max_length=80)
    correlation_id = pw.CharField(null=True, max_length=80)
    object_type = pw.CharField(null=True, max_length=200)
    object_name = pw.CharField(null=True, max_length=1000)
    # Every id that it names, by which it finds our policies; and the names of the properties that it names.
    object_ids = JsonText()
    properties = JsonText()
    # The policy types that the object may be of, by what the event calls it.
    policy_types = JsonText()
    # It is about a policy, by those, that we do not know yet.
    awaits_policy = pw.BooleanField(default=False)
    # The restore of ours that caused it. No foreign key: it outlives it.
    restore_id = pw.BigIntegerField(null=True)
    # Our app wrote it, and we know nothing of it.
    is_foreign = pw.BooleanField(default=False)
    # When a watching worker had looked for what it is about, where that was no policy of ours; null: it has not.
    followed_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = (
            (("tenant", "log", "event_id"), True),
            (("tenant", "at"), False),
            (("tenant", "id"), False),
            (("at",), False),
            (("doer_name", "id"), False),
        )


TenantEvent.add_index(
    TenantEvent.index(
        TenantEvent.tenant, TenantEvent.at, where=pw.SQL("awaits_policy"), name="tenant_event_awaits_policy"
    )
)


class TenantEventPolicy(Table):
    """A policy of ours that an event is about."""

    event = pw.ForeignKeyField(TenantEvent, backref="policies", on_delete="CASCADE", index=False)
    policy = pw.ForeignKeyField(Policy, on_delete="CASCADE", index=False)
    at = pw.DateTimeField()

    class Meta:
        indexes = ((("event", "policy"), True), (("policy", "at"), False))


class Watch(Table):
    """A tenant whose audit logs are looked into every few minutes."""

    tenant = pw.ForeignKeyField(Tenant, unique=True, on_delete="CASCADE")
    # Null: as the setting says.
    every_minutes = pw.IntegerField(null=True)
    next_at = pw.DateTimeField(default=utcnow, index=True)
    last_at = pw.DateTimeField(null=True)
    # The last look that saw everything: what was changed before then is captured.
    fresh_at = pw.DateTimeField(null=True)
    # Why the last look did not work, and how many in a row did not.
    error = pw.CharField(null=True, max_length=500)
    failures = pw.IntegerField(default=0)
    since = pw.DateTimeField(default=utcnow)
    set_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)


class Channel(Table):
    """A place outside that notices go to."""

    name = pw.CharField(max_length=80)
    kind = pw.CharField(max_length=10)
    # A person's own; none: the installation's.
    owner = pw.ForeignKeyField(User, null=True, on_delete="CASCADE")
    # {"address", "secret", …}: a workflow's address is a key to it.
    sealed = pw.BlobField()
    # What of the address may be shown: "hooks.example.com/…", "a***@contoso.example".
    shown = pw.CharField(max_length=200)
    allows_private = pw.BooleanField(default=False)
    is_active = pw.BooleanField(default=True)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField(default=utcnow)
    # The last delivery that arrived, and why none has since; null: the last one did.
    sent_at = pw.DateTimeField(null=True)
    error = pw.CharField(null=True, max_length=500)

    def __str__(self) -> str:
        return str(self.name)


class NoticeRule(Table):
    """The events that are told to a channel, the tenants they are of, and when."""

    channel = pw.ForeignKeyField(Channel, backref="rules", on_delete="CASCADE")
    events = JsonText()
    # Of changes: this grave or graver.
    min_severity = pw.CharField(default=Severity.HIGH, max_length=10)
    # Ids; null: every tenant that the channel's owner may see, of the installation's channel all.
    tenants = JsonText(null=True)
    # Of "no good backup for n hours".
    hours = pw.IntegerField(default=26)
    pace = pw.CharField(default=NoticePace.AT_ONCE, max_length=10)
    # "07:30", in the time zone; of a daily digest.
    daily_at = pw.CharField(default="07:30", max_length=5)
    time_zone = pw.CharField(default="UTC", max_length=60)
    # "22:00" to "06:00": what comes then waits. Null: none.
    quiet_from = pw.CharField(null=True, max_length=5)
    quiet_to = pw.CharField(null=True, max_length=5)
    # What is this grave comes all the same.
    breaks_quiet = pw.BooleanField(default=True)
    is_active = pw.BooleanField(default=True)
    # Beside the tenants by id, those that have one of these tags now; null: none.
    tags = JsonText(null=True)


class Occurrence(Table):
    """Something that happened, or goes on, and may be told: once, by its key."""

    key = pw.CharField(unique=True, max_length=200)
    event = pw.CharField(max_length=30)
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE")
    severity = pw.CharField(null=True, max_length=10)
    # What it is about: a change, a run, a restore. No foreign keys: they may go before it is told.
    change_id = pw.BigIntegerField(null=True)
    run_id = pw.BigIntegerField(null=True)
    restore_id = pw.BigIntegerField(null=True)
    began_at = pw.DateTimeField(default=utcnow)
    # It is well again; null: it is not, or was over at once.
    ended_at = pw.DateTimeField(null=True)
    # Facts for its words that are not in a row above: {"hours": 30}.
    facts = JsonText()
    # When its notices were made, and those that it is well again.
    told_at = pw.DateTimeField(null=True)
    end_told_at = pw.DateTimeField(null=True)

    class Meta:
        indexes = ((("began_at",), False),)


Occurrence.add_index(Occurrence.index(Occurrence.id, where=pw.SQL("told_at IS NULL"), name="occurrence_untold"))
Occurrence.add_index(
    Occurrence.index(
        Occurrence.id, where=pw.SQL("ended_at IS NOT NULL AND end_told_at IS NULL"), name="occurrence_end_untold"
    )
)
Occurrence.add_index(
    Occurrence.index(Occurrence.event, Occurrence.tenant, where=pw.SQL("ended_at IS NULL"), name="occurrence_going")
)


class Delivery(Table):
    """One message to one channel, with how it went. Sent again under the same id until it arrives or is given up."""

    channel = pw.ForeignKeyField(Channel, backref="deliveries", on_delete="CASCADE", index=False)
    # Says to a receiver that it has this one already.
    message_id = pw.CharField(unique=True, max_length=36)
    state = pw.CharField(default=DeliveryState.WAITING, max_length=10)
    is_test = pw.BooleanField(default=False)
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField(default=utcnow)
    next_at = pw.DateTimeField(default=utcnow)
    # While it is sent: until when nobody else sends it.
    claimed_until = pw.DateTimeField(null=True)
    attempts = pw.IntegerField(default=0)
    sent_at = pw.DateTimeField(null=True)
    # What the receiver answered last, without secrets.
    answer = pw.CharField(null=True, max_length=500)

    class Meta:
        indexes = ((("channel", "id"), False), (("created_at",), False))


Delivery.add_index(
    Delivery.index(Delivery.next_at, where=pw.SQL("state IN ('waiting', 'sending')"), name="delivery_due")
)


class Notice(Table):
    """An occurrence that a channel hears of, and the delivery that tells it: with others, in a digest."""

    channel = pw.ForeignKeyField(Channel, on_delete="CASCADE", index=False)
    rule = pw.ForeignKeyField(NoticeRule, null=True, on_delete="SET NULL")
    occurrence = pw.ForeignKeyField(Occurrence, on_delete="CASCADE")
    phase = pw.CharField(default=NoticePhase.BEGAN, max_length=10)
    due_at = pw.DateTimeField(default=utcnow)
    delivery = pw.ForeignKeyField(Delivery, null=True, backref="notices", on_delete="SET NULL")

    class Meta:
        indexes = ((("channel", "occurrence", "phase"), True),)


Notice.add_index(Notice.index(Notice.due_at, where=pw.SQL("delivery_id IS NULL"), name="notice_undelivered"))


class AuditEvent(Table):
    """Append-only (triggers refuse anything else) and chained: each hash covers the one before it."""

    id = pw.BigIntegerField(primary_key=True)
    at = pw.DateTimeField(index=True)
    action = pw.CharField(max_length=40)
    # No foreign keys: an event must outlive whom and what it names.
    actor_id = pw.BigIntegerField(null=True)
    actor = pw.CharField()
    tenant_id = pw.BigIntegerField(null=True)
    tenant_name = pw.CharField(null=True)
    subject = pw.CharField(max_length=1200)
    result = pw.CharField(default=Result.OK, max_length=10)
    address = pw.CharField(null=True, max_length=60)
    details = JsonText()
    previous_hash = pw.CharField(max_length=64)
    hash = pw.CharField(max_length=64)
    # The keyed hash over it: db/audit/audit_keys.py. Null: of before there were any.
    mac = pw.CharField(null=True, max_length=64)

    class Meta:
        indexes = (
            (("tenant_id", "id"), False),
            (("action", "id"), False),
            (("actor_id", "id"), False),
            (("actor", "id"), False),
            # Narrowed by two things.
            (("tenant_id", "action", "id"), False),
            (("tenant_id", "actor", "id"), False),
            (("actor", "action", "id"), False),
        )


# Few events tell of what was refused or failed; as a literal, as IS_ACTIVE above.
IS_NOT_OK = AuditEvent.result != pw.SQL("'ok'")
_NOT_OK = pw.SQL("result <> 'ok'")
AuditEvent.add_index(AuditEvent.index(AuditEvent.result, AuditEvent.id, where=_NOT_OK, name="audit_event_not_ok"))
AuditEvent.add_index(
    AuditEvent.index(AuditEvent.tenant_id, AuditEvent.result, AuditEvent.id, where=_NOT_OK, name="audit_not_ok_tenant")
)
AuditEvent.add_index(
    AuditEvent.index(AuditEvent.action, AuditEvent.result, AuditEvent.id, where=_NOT_OK, name="audit_not_ok_action")
)
AuditEvent.add_index(
    AuditEvent.index(AuditEvent.actor, AuditEvent.result, AuditEvent.id, where=_NOT_OK, name="audit_not_ok_actor")
)


class AuditHead(Table):
    """One row: the chain's last number and hash. It serialises writers and shows when the tail was cut off."""

    last_id = pw.BigIntegerField(default=0)
    hash = pw.CharField(max_length=64)


class AuditCheck(Table):
    """One row: how far the present round through the audit log has come, and what the last rounds found."""

    last_id = pw.BigIntegerField(default=0)
    hash = pw.CharField(max_length=64)
    began_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField(null=True)
    # In this round so far; then, until another round ends without any, what was found last.
    found = pw.IntegerField(default=0)
    faults = pw.IntegerField(default=0)
    first_fault = pw.CharField(null=True, max_length=500)
    # Keyed, over all of it.
    mac = pw.CharField(null=True, max_length=64)


class AuditKey(Table):
    """A key of the audit log's keyed hashes, sealed with the place where it begins: db/audit/audit_keys.py."""

    sealed = pw.BlobField()


class Lease(Table):
    """The right to do what only one process may do, until a time."""

    name = pw.CharField(primary_key=True)
    holder = pw.CharField()
    expires_at = pw.DateTimeField()


class Heartbeat(Table):
    """The time at which a process of ours was last alive; /readyz and `tenantkeep doctor` read it."""

    process = pw.CharField(primary_key=True)
    kind = pw.CharField()
    at = pw.DateTimeField()
    # The ids of the encryption keys it knows, newest first, comma-separated.
    keys = pw.CharField(null=True, max_length=200)
    # The queues that a worker serves, with spaces between; null: all.
    queues = pw.CharField(null=True, max_length=1000)
    # The version of Tenantkeep that it is of; null: one before it said so.
    version = pw.CharField(null=True, max_length=40)


class Setback(Table):
    """A row that the scheduler could not handle, or a whole step (subject 0), until it goes well again."""

    step = pw.CharField(max_length=40)
    # No foreign key: of which table depends on the step.
    subject = pw.BigIntegerField()
    since = pw.DateTimeField()
    last_at = pw.DateTimeField()
    again_at = pw.DateTimeField()
    times = pw.IntegerField()
    sentence = pw.CharField(max_length=500)

    class Meta:
        primary_key = pw.CompositeKey("step", "subject")


class Seal(Table):
    """One sealed word per installation: a wrong encryption key is found at start, not at the first restore."""

    word = pw.BlobField()


TABLES = (
    User,
    Tenant,
    TenantTag,
    NewTenantDefaults,
    Credential,
    SharedApp,
    SharedAppCredential,
    ConsentRequest,
    RuleChange,
    Membership,
    TagMembership,
    Session,
    ApiToken,
    ApiStart,
    RecoveryCode,
    Passkey,
    EntraToken,
    EntraGrant,
    Preference,
    Content,
    Policy,
    KnownSetting,
    PolicySetting,
    Coverage,
    Run,
    Snapshot,
    RunItem,
    Stint,
    Manifest,
    BackupSet,
    CopySigner,
    CopyStore,
    RecoveryKey,
    CopiedSet,
    CopiedContent,
    CopyErasure,
    Restore,
    RestoreRequester,
    RestoreItem,
    Write,
    Listing,
    RunAnswer,
    Upload,
    UploadChunk,
    PolicyDocument,
    DocumentChunk,
    DocumentProvider,
    PolicyImport,
    ImportedPolicy,
    Mapping,
    Schedule,
    RehearsalRules,
    Rehearsal,
    RehearsalFinding,
    RehearsalSample,
    DirectoryName,
    DefinitionText,
    DefinitionCategory,
    DefinitionSource,
    ReadinessReport,
    TenantReadiness,
    ReadinessItem,
    PolicyTarget,
    PolicyReference,
    AssignmentLookUp,
    Expiry,
    Notification,
    Change,
    ApprovedPolicy,
    ApprovedScope,
    Acceptance,
    IgnoredField,
    SeverityRule,
    Standard,
    StandardVersion,
    StandardContent,
    StandardItem,
    StandardTag,
    StandardAdoption,
    StandardException,
    StandardCell,
    RollOut,
    RollOutTenant,
    EventLog,
    TenantEvent,
    TenantEventPolicy,
    Watch,
    Channel,
    NoticeRule,
    Occurrence,
    Delivery,
    Notice,
    AuditEvent,
    AuditHead,
    AuditCheck,
    AuditKey,
    Lease,
    Heartbeat,
    Setback,
    Seal,
)
