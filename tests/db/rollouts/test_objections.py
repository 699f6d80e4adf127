"""A tenant's manager objects to a roll-out until something is written there; it is taken back, or overridden."""

import pytest

from db.audit.audit import Actor
from db.errors import Invalid
from db.models import AuditEvent, Restore, RollOut, RollOutTenant, Standard, StandardVersion
from db.rollouts import objections
from db.states import RestoreState, RollOutState, RollOutTenantState

S, T = RollOutState, RollOutTenantState


@pytest.fixture
def part(cast):
    standard = Standard.create(name="Baseline", uid="5" * 8)
    version = StandardVersion.create(standard=standard, number=1, source="tenant", parameters=[])
    rollout = RollOut.create(
        standard=standard, version=version, ring="pilot", state=S.PREVIEWED, stop_percent=20, at_once=3,
        asked_by=cast.ada,
    )  # fmt: skip
    return RollOutTenant.create(rollout=rollout, tenant=cast.contoso, state=T.PREVIEWED, counts={}, conflicts=[])


def now(part):
    row = RollOutTenant.get_by_id(part.id)
    return row.state, row.rollout.state, row.objection


def restored(part, state=RestoreState.PREVIEWED):
    part.restore = Restore.create(tenant=part.tenant, source_directory_id="x", source_name="x", state=state, options={})
    part.counts = {"update": 2}
    part.save()


@pytest.mark.parametrize(
    ("restore", "after"),
    [
        (None, (T.WAITING, S.PREVIEWING)),
        (RestoreState.DRAFT, (T.PREVIEWING, S.PREVIEWING)),
        (RestoreState.PREVIEWED, (T.PREVIEWED, S.PREVIEWED)),
    ],
)
def test_an_objection_leaves_the_tenant_alone_until_it_is_taken_back(part, cast, restore, after):
    max_ = Actor.person(cast.max, None)
    if restore:
        restored(part, restore)
    with pytest.raises(Invalid, match="Say why"):
        objections.make(part, max_, " \x00 ")
    objections.make(part, max_, "A freeze until January")
    assert now(part) == (T.OBJECTED, S.PREVIEWED, "A freeze until January")
    with pytest.raises(Invalid, match="Nothing was changed"):
        objections.make(RollOutTenant.get_by_id(part.id), max_, "Again")
    objections.take_back(RollOutTenant.get_by_id(part.id), max_)
    assert now(part) == (*after, None)
    with pytest.raises(Invalid, match="Nothing was changed"):
        objections.take_back(RollOutTenant.get_by_id(part.id), max_)
    events = AuditEvent.select().where(AuditEvent.action.startswith("rollout:object"))
    assert [(event.action, event.tenant_id) for event in events.order_by(AuditEvent.id)] == [
        ("rollout:objected", cast.contoso.id),
        ("rollout:objection-taken-back", cast.contoso.id),
    ]


def test_an_approver_overrides_it_with_a_reason_and_the_objection_stays_to_be_read(part, cast):
    restored(part)
    objections.make(part, Actor.person(cast.max, None), "A freeze")
    for who, reason, said in ((cast.root, "", "Say why"), (cast.ada, "It has to be", "You asked for this")):
        with pytest.raises(Invalid, match=said):
            objections.override(RollOutTenant.get_by_id(part.id), Actor.person(who, None), reason, four_eyes=True)
    objections.override(RollOutTenant.get_by_id(part.id), Actor.person(cast.root, None), "Agreed", four_eyes=True)
    assert now(part) == (T.PREVIEWED, S.PREVIEWED, "A freeze")
    row = RollOutTenant.get_by_id(part.id)
    assert (row.overridden_by_id, row.overridden_reason) == (cast.root.id, "Agreed")
    objections.make(row, Actor.person(cast.max, None), "A freeze still")
    assert RollOutTenant.get_by_id(part.id).overridden_by_id is None, "it has to be overridden anew"


def test_it_is_too_late_once_something_is_written_or_the_roll_out_ended(part, cast):
    max_ = Actor.person(cast.max, None)
    for state, of_rollout in ((T.WRITING, S.RUNNING), (T.DONE, S.RUNNING), (T.PREVIEWED, S.STOPPED)):
        RollOutTenant.update(state=state).execute()
        RollOut.update(state=of_rollout).execute()
        with pytest.raises(Invalid, match="has begun in this tenant, or has ended"):
            objections.make(RollOutTenant.get_by_id(part.id), max_, "Too late")
    RollOutTenant.update(state=T.OBJECTED).execute()
    with pytest.raises(Invalid, match="Nothing was changed"):
        objections.take_back(RollOutTenant.get_by_id(part.id), max_)
