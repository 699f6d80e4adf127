"""Channels, and what is told by them."""

import peewee as pw

from db.schema.online_changes import create_tables
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


class Channel(Table):
    name = pw.CharField(max_length=80)
    kind = pw.CharField(max_length=10)
    owner = pw.ForeignKeyField(User, null=True, on_delete="CASCADE")
    sealed = pw.BlobField()
    shown = pw.CharField(max_length=200)
    allows_private = pw.BooleanField()
    is_active = pw.BooleanField()
    created_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField()
    sent_at = pw.DateTimeField(null=True)
    error = pw.CharField(null=True, max_length=500)


class NoticeRule(Table):
    channel = pw.ForeignKeyField(Channel, on_delete="CASCADE")
    events = pw.TextField()
    min_severity = pw.CharField(max_length=10)
    tenants = pw.TextField(null=True)
    hours = pw.IntegerField()
    pace = pw.CharField(max_length=10)
    daily_at = pw.CharField(max_length=5)
    time_zone = pw.CharField(max_length=60)
    quiet_from = pw.CharField(null=True, max_length=5)
    quiet_to = pw.CharField(null=True, max_length=5)
    breaks_quiet = pw.BooleanField()
    is_active = pw.BooleanField()


class Occurrence(Table):
    key = pw.CharField(unique=True, max_length=200)
    event = pw.CharField(max_length=30)
    tenant = pw.ForeignKeyField(Tenant, null=True, on_delete="CASCADE")
    severity = pw.CharField(null=True, max_length=10)
    change_id = pw.BigIntegerField(null=True)
    run_id = pw.BigIntegerField(null=True)
    restore_id = pw.BigIntegerField(null=True)
    began_at = pw.DateTimeField()
    ended_at = pw.DateTimeField(null=True)
    facts = pw.TextField()
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
    channel = pw.ForeignKeyField(Channel, on_delete="CASCADE", index=False)
    message_id = pw.CharField(unique=True, max_length=36)
    state = pw.CharField(max_length=10)
    is_test = pw.BooleanField()
    asked_by = pw.ForeignKeyField(User, null=True, on_delete="SET NULL", index=False)
    created_at = pw.DateTimeField()
    next_at = pw.DateTimeField()
    claimed_until = pw.DateTimeField(null=True)
    attempts = pw.IntegerField()
    sent_at = pw.DateTimeField(null=True)
    answer = pw.CharField(null=True, max_length=500)

    class Meta:
        indexes = ((("channel", "id"), False), (("created_at",), False))


Delivery.add_index(
    Delivery.index(Delivery.next_at, where=pw.SQL("state IN ('waiting', 'sending')"), name="delivery_due")
)


class Notice(Table):
    channel = pw.ForeignKeyField(Channel, on_delete="CASCADE", index=False)
    rule = pw.ForeignKeyField(NoticeRule, null=True, on_delete="SET NULL")
    occurrence = pw.ForeignKeyField(Occurrence, on_delete="CASCADE")
    phase = pw.CharField(max_length=10)
    due_at = pw.DateTimeField()
    delivery = pw.ForeignKeyField(Delivery, null=True, on_delete="SET NULL")

    class Meta:
        indexes = ((("channel", "occurrence", "phase"), True),)


Notice.add_index(Notice.index(Notice.due_at, where=pw.SQL("delivery_id IS NULL"), name="notice_undelivered"))


def up(migrator, db):
    create_tables(db, (Channel, NoticeRule, Occurrence, Delivery, Notice), known=(User, Tenant))
