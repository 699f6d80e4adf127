"""Standards: what is the same in many tenants, who follows them, how each stands, and roll-outs."""

import peewee as pw

from db.schema.online_changes import add_column, create_index, create_tables
from db.schema.row_ids import Identity

atomic = False


class Table(pw.Model):
    id = Identity()

    class Meta:
        legacy_table_names = False


class User(Table):
    class Meta:
        table_name = "users"


class Tenant(Table):
    pass


class Policy(Table):
    pass


class Change(Table):
    pass


class Restore(Table):
    pass


class Standard(Table):
    name = pw.CharField(unique=True, max_length=120)
    uid = pw.CharField(unique=True, max_length=36)
    description = pw.CharField(max_length=1000)
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField()
    archived_at = pw.DateTimeField(null=True)
    soak_days = pw.IntegerField()
    look_days = pw.IntegerField()
    stop_percent = pw.IntegerField()
    at_once = pw.IntegerField()


class StandardVersion(Table):
    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    number = pw.IntegerField()
    notes = pw.CharField(max_length=4000)
    source = pw.CharField(max_length=10)
    source_tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="SET NULL")
    source_name = pw.CharField(max_length=255)
    based_on = pw.IntegerField(null=True)
    with_assignments = pw.BooleanField()
    parameters = pw.TextField()
    item_count = pw.IntegerField()
    made_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    made_at = pw.DateTimeField()

    class Meta:
        indexes = ((("standard", "number"), True),)


class StandardContent(Table):
    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    fingerprint = pw.CharField(max_length=64)
    sealed = pw.BlobField()
    plain_bytes = pw.IntegerField()
    created_at = pw.DateTimeField()

    class Meta:
        indexes = ((("standard", "fingerprint"), True),)


class StandardItem(Table):
    version = pw.ForeignKeyField(StandardVersion, on_delete="CASCADE", index=False)
    position = pw.IntegerField()
    key = pw.CharField(max_length=200)
    policy_type = pw.CharField(max_length=80)
    name = pw.CharField(max_length=1000)
    content = pw.ForeignKeyField(StandardContent, on_delete="RESTRICT")
    references = pw.TextField()

    class Meta:
        indexes = ((("version", "position"), True), (("version", "key"), True))


class StandardTag(Table):
    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    tag = pw.CharField(max_length=40)
    folded = pw.CharField(max_length=80)
    ring = pw.CharField(max_length=10)
    added_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    added_at = pw.DateTimeField()

    class Meta:
        indexes = ((("standard", "folded"), True),)


class StandardAdoption(Table):
    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    ring = pw.CharField(max_length=10)
    version = pw.ForeignKeyField(StandardVersion, null=True, on_delete="SET NULL")
    values = pw.TextField()
    folded_tag = pw.CharField(null=True, max_length=80)
    adopted_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    adopted_at = pw.DateTimeField()
    counts = pw.TextField()
    due_since = pw.DateTimeField(null=True)
    checked_at = pw.DateTimeField(null=True)
    put_backs_a_day = pw.IntegerField()

    class Meta:
        indexes = ((("standard", "tenant"), True), (("standard", "ring", "tenant"), False))


StandardAdoption.add_index(
    StandardAdoption.index(
        StandardAdoption.due_since, where=pw.SQL("due_since IS NOT NULL"), name="standard_adoption_due"
    )
)


class StandardException(Table):
    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE")
    folded_tag = pw.CharField(null=True, max_length=80)
    item_key = pw.CharField(max_length=200)
    kind = pw.CharField(max_length=10)
    paths = pw.TextField()
    reason = pw.CharField(max_length=500)
    until = pw.DateTimeField(null=True)
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    asked_at = pw.DateTimeField()
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
    adoption = pw.ForeignKeyField(StandardAdoption, on_delete="CASCADE", index=False)
    item_key = pw.CharField(max_length=200)
    policy_type = pw.CharField(max_length=80)
    name = pw.CharField(max_length=1000)
    state = pw.CharField(max_length=12)
    policy = pw.ForeignKeyField(Policy, null=True, on_delete="SET NULL")
    snapshot_id = pw.BigIntegerField(null=True)
    difference_count = pw.IntegerField()
    places = pw.TextField(null=True)
    change = pw.ForeignKeyField(Change, null=True, on_delete="SET NULL")
    exception = pw.ForeignKeyField(StandardException, null=True, on_delete="SET NULL")
    candidates = pw.TextField(null=True)
    aligned_mark = pw.CharField(null=True, max_length=64)
    why = pw.CharField(max_length=500)
    since_at = pw.DateTimeField()
    keep = pw.CharField(max_length=10)

    class Meta:
        indexes = ((("adoption", "item_key"), True), (("adoption", "state"), False))


class RollOut(Table):
    standard = pw.ForeignKeyField(Standard, on_delete="CASCADE", index=False)
    version = pw.ForeignKeyField(StandardVersion, on_delete="CASCADE")
    ring = pw.CharField(max_length=10)
    kind = pw.CharField(max_length=10)
    state = pw.CharField(max_length=12)
    reason = pw.CharField(max_length=500)
    stop_percent = pw.IntegerField()
    at_once = pw.IntegerField()
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    asked_at = pw.DateTimeField()
    confirmed_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    confirmed_at = pw.DateTimeField(null=True)
    started_at = pw.DateTimeField(null=True)
    ended_at = pw.DateTimeField(null=True)
    message = pw.CharField(max_length=1000)
    acted_at = pw.DateTimeField()

    class Meta:
        indexes = ((("standard", "id"), False), (("state", "acted_at"), False))


class RollOutTenant(Table):
    rollout = pw.ForeignKeyField(RollOut, on_delete="CASCADE", index=False)
    tenant = pw.ForeignKeyField(Tenant, on_delete="CASCADE")
    state = pw.CharField(max_length=10)
    restore = pw.ForeignKeyField(Restore, null=True, on_delete="SET NULL")
    undo = pw.ForeignKeyField(Restore, null=True, on_delete="SET NULL")
    counts = pw.TextField()
    conflicts = pw.TextField()
    message = pw.CharField(max_length=1000)
    objection = pw.CharField(null=True, max_length=500)
    objected_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    objected_at = pw.DateTimeField(null=True)
    overridden_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    overridden_reason = pw.CharField(null=True, max_length=500)
    changed_at = pw.DateTimeField()

    class Meta:
        indexes = ((("rollout", "tenant"), True), (("rollout", "state"), False))


MADE = (
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
)


def up(migrator, db):
    create_tables(db, MADE, known=(User, Tenant, Policy, Change, Restore))
    add_column(db, "restore", "rollout_id", "BIGINT")
    add_column(db, "restore", "standard_id", "BIGINT")
    create_index(db, "restore_standard", "restore (standard_id, id) WHERE standard_id IS NOT NULL")
