"""Acts that make backups less safe are told once, and harmless ones not at all."""

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.copies import stores
from db.housekeeping import tenant_switch
from db.models import CopyStore, Occurrence, Tenant, User
from db.notices import channels, rules, safeguards
from db.notices.rules import RuleChoice
from db.states import ChannelKind, NoticeEvent, NoticePace, SiteRole
from tests.db.copies.test_standing import COLUMNS

EVENTS = [NoticeEvent.CHANGE]


def told():
    safeguards.begin_new(utcnow())
    return [row.facts["action"] for row in Occurrence.select().order_by(Occurrence.id)]


def change(store, **columns):
    given = {"name": store.name, "copy_days": 30, "needs_lock": True, "bytes_per_second": None, "is_active": True}
    stores.change(CopyStore.get_by_id(store.id), SYSTEM, **{**given, **columns})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_less_safe_is_told_once_and_what_is_not_never(cast):
    root = Actor.person(cast.root, "127.0.0.1")
    store = CopyStore.create(**{**COLUMNS, "address": "file:///x"})
    own = channels.add("Mine", ChannelKind.EMAIL, cast.max.email, SYSTEM, owner=cast.max)
    shared = channels.add("Helpdesk", ChannelKind.EMAIL, "help@example.com", SYSTEM)
    for channel in (own, shared):
        rule = rules.add(channel, RuleChoice(events=EVENTS), SYSTEM)
    change(store, name="Safe", bytes_per_second=10**6)
    rules.change(rules.of_channel(own)[0], RuleChoice(events=EVENTS, pace=NoticePace.DAILY), SYSTEM)
    channels.change(shared, SYSTEM, name="Support")
    channels.remove(own, SYSTEM)
    users.change(User.get_by_id(cast.root.id), root, password="a long one of my own")
    users.change(User.get_by_id(cast.ada.id), root, is_active=False)
    assert told() == []
    change(store, name="Safe", bytes_per_second=10**6, copy_days=1)
    rules.change(rule, RuleChoice(events=EVENTS, is_active=False), SYSTEM)
    users.change(User.get_by_id(cast.rita.id), root, site_role=SiteRole.ADMIN)
    # It is gone before anybody looks.
    tenant_switch.switch_off(cast.fabrikam, SYSTEM)
    Tenant.delete().where(Tenant.id == cast.fabrikam.id).execute()
    expected = ["copy-store:changed", "notice-rule:set", "user:changed", "tenant:switched-off"]
    assert told() == expected
    assert told() == expected
