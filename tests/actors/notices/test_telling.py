"""From what happened to deliveries, by the steps of the sweep."""

from actors import scheduler
from actors.notices import telling
from actors.recovery.steps import run_step
from db.audit.audit import SYSTEM
from db.models import Delivery, Notice, Occurrence, Tenant
from db.notices import channels, rules
from db.states import ChannelKind, NoticeEvent, NoticePhase, Sweep


def sweep():
    for step in scheduler.STEPS:
        if step.name in (Sweep.OCCUR, Sweep.TELL):
            run_step(step, [])


def test_what_goes_on_is_told_once_and_again_when_it_is_well(cast, monkeypatch):
    monkeypatch.setattr(telling, "LOOK_SECONDS", 0.0)
    channel = channels.add("On call", ChannelKind.EMAIL, "oncall@contoso.example", SYSTEM)
    rules.add_sensible(channel, "UTC", SYSTEM)
    Tenant.update(connection_error="AADSTS7000222").where(Tenant.id == cast.contoso.id).execute()
    sweep()
    sweep()
    assert [row.event for row in Occurrence.select()] == [NoticeEvent.CONNECTION_FAILING]
    assert Delivery.select().count() == 1
    Tenant.update(connection_error=None).execute()
    sweep()
    assert [row.phase for row in Notice.select().order_by(Notice.id)] == [NoticePhase.BEGAN, NoticePhase.ENDED]
    assert Delivery.select().count() == 2


def test_tenants_are_looked_through_twice_a_minute(cast, monkeypatch):
    looked = []
    monkeypatch.setattr(telling, "_looked_at", None)
    monkeypatch.setattr(telling.conditions, "look", lambda: looked.append(1))
    for _ in range(3):
        telling.look_for_conditions()
    assert looked == [1]


def test_a_night_in_which_everything_fails_holds_up_no_sweep(monkeypatch, cast):
    monkeypatch.setattr(telling.notices, "OCCURRENCES_AT_ONCE", 1)
    monkeypatch.setattr(telling, "MAKE_SECONDS", 0.0)
    for number in range(3):
        Occurrence.create(key=f"x{number}", event=NoticeEvent.RUN_FAILED, tenant=cast.contoso, facts={})
    telling.channels_to_tell()
    assert Occurrence.select().where(Occurrence.told_at.is_null()).count() == 2, "the next sweep goes on"
