"""Channels: who may have which, what is kept of their addresses, and what is told of it."""

import json

import pytest

from db.audit.audit import SYSTEM, Actor
from db.errors import Invalid
from db.models import AuditEvent, Channel, Delivery
from db.notices import channels, deliveries
from db.states import ChannelKind

URL = "https://hooks.example.com/services/T0/B0/a-long-secret-path"


def test_an_address_and_a_secret_are_sealed_and_nothing_else_has_them(database):
    channel = channels.add(" Night  watch ", ChannelKind.WEBHOOK, URL, SYSTEM)
    values = channels.open_values(channel)
    assert values["address"] == URL
    assert len(values["secret"]) > channels.MIN_SECRET
    channels.change(channel, SYSTEM, address=URL + "-new", secret="another secret of ours", name="Day")
    channels.switch(channel, SYSTEM, is_active=False)
    channels.switch(channel, SYSTEM, is_active=False)
    channels.remove(channel, SYSTEM)
    events = list(AuditEvent.select().order_by(AuditEvent.id))
    assert [event.action for event in events] == [
        "channel:added",
        "channel:changed",
        "channel:changed",
        "channel:removed",
    ]
    assert events[0].subject == "channel Night watch"
    assert events[1].details == {"changed": ["name", "address", "secret"]}
    text = json.dumps([event.__data__ for event in events], default=str, ensure_ascii=False)
    assert "a-long-secret-path" not in text
    assert "another secret" not in text
    assert "hooks.example.com/…" in text
    assert not Channel.select().exists()


def test_a_change_of_nothing_is_none_and_one_that_is_wrong_changes_nothing(database):
    channel = channels.add("Ops", ChannelKind.TEAMS, URL, SYSTEM)
    count = AuditEvent.select().count()
    channels.change(channel, SYSTEM, name="Ops", address=URL)
    with pytest.raises(Invalid, match="https"):
        channels.change(channel, SYSTEM, address="http://hooks.example.com/x")
    assert AuditEvent.select().count() == count
    assert channels.open_values(Channel.get())["address"] == URL


def test_the_right_to_private_networks_is_taken_back_only_with_an_address_that_needs_none(database):
    channel = channels.add("Lab", ChannelKind.SLACK, "http://10.1.2.3/hook", SYSTEM, allows_private=True)
    with pytest.raises(Invalid):
        channels.change(channel, SYSTEM, allows_private=False)
    channels.change(channel, SYSTEM, allows_private=False, address=URL)
    assert Channel.get().shown == "hooks.example.com/…"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (ChannelKind.EMAIL, {"secret": "x" * 20}),
        (ChannelKind.WEBHOOK, {"secret": "short"}),
        (ChannelKind.WEBHOOK, {"secret": "with a \n line in it"}),
        (ChannelKind.SLACK, {"name": "Ops"}),
        (ChannelKind.SLACK, {"name": "  "}),
        (ChannelKind.SLACK, {"name": "x" * 81}),
    ],
)
def test_what_cannot_be_is_refused(database, kind, options):
    channels.add("ops", ChannelKind.SLACK, URL, SYSTEM)
    address = "a@example.com" if kind == ChannelKind.EMAIL else URL
    with pytest.raises(Invalid):
        channels.add(**{"name": "New", "kind": kind, "address": address, "actor": SYSTEM} | options)


def test_a_personal_channel_reaches_its_owners_address_and_no_private_network(cast):
    ada = Actor.person(cast.ada, None)
    mine = channels.add("Mine", ChannelKind.EMAIL, cast.ada.email.upper(), ada, owner=cast.ada)
    for kind, address, options in (
        (ChannelKind.EMAIL, "somebody@example.com", {}),
        (ChannelKind.EMAIL, f"{cast.ada.email}, somebody@example.com", {}),
        (ChannelKind.SLACK, URL, {"allows_private": True}),
    ):
        with pytest.raises(Invalid):
            channels.add("Other", kind, address, ada, owner=cast.ada, **options)
    with pytest.raises(Invalid):
        channels.change(mine, ada, address="somebody@example.com")
    assert channels.of_user(cast.ada) == [mine]
    assert channels.of_user(cast.sam) == channels.of_installation() == []
    for number in range(channels.MAX_PERSONAL - 1):
        channels.add(f"Slack {number}", ChannelKind.SLACK, URL, ada, owner=cast.ada)
    with pytest.raises(Invalid, match="already"):
        channels.add("One more", ChannelKind.SLACK, URL, ada, owner=cast.ada)


def test_a_command_finds_a_channel_of_the_installation_by_name_or_number(cast):
    ops = channels.add("Ops", ChannelKind.SLACK, URL, SYSTEM)
    mine = channels.add("Mine", ChannelKind.EMAIL, cast.ada.email, SYSTEM, owner=cast.ada)
    assert channels.find_by_text("oPS") == channels.find_by_text(str(ops.id)) == ops
    for text in ("Mine", str(mine.id), "nothing"):
        with pytest.raises(Invalid):
            channels.find_by_text(text)


def test_a_channel_takes_with_it_what_was_sent_by_it(database, lock_order):
    channel = channels.add("Ops", ChannelKind.SLACK, URL, SYSTEM)
    deliveries.create_test(channel, SYSTEM)
    channels.remove(channel, SYSTEM)
    assert not Delivery.select().exists()
