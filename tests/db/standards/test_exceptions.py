"""Exceptions of standards: asked for, approved by another, in force until they end, whatever version comes."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent, StandardAdoption, StandardException
from db.standards import adoptions, exceptions
from db.states import ExceptionKind, Ring
from db.tenants import tags
from tests.support.following import CATALOG, standard_of

pytestmark = pytest.mark.usefixtures("lock_order")
LEAVE_OUT, OTHERWISE = ExceptionKind.LEAVE_OUT, ExceptionKind.OTHERWISE


@pytest.fixture
def standard(cast):
    return standard_of({key: (CATALOG, {"name": f"Item {key}"}, {}) for key in "ab"})[0]


def settled(kind):
    return {"kind": kind, "reason": "CAB 12"}


def test_an_exception_holds_once_another_approves_it_travels_and_ends(cast, standard):
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    other = adoptions.adopt(standard, cast.fabrikam, Ring.PILOT, SYSTEM)
    asker, approver = Actor("Ada", cast.ada.id), Actor("Root", cast.root.id)
    asked = exceptions.ask(standard, "a", OTHERWISE, " CAB 12 ", asker, tenant=cast.contoso,
                           paths=["body/settings/*", "body/settings/*", " assignments/ "])  # fmt: skip
    assert asked.paths == ["body/settings/*", "assignments"]
    assert exceptions.in_force(adoption) == {}
    with pytest.raises(Invalid, match="somebody else"):
        exceptions.approve(asked, asker, needs_another=True)
    StandardAdoption.update(due_since=None).execute()
    exceptions.approve(asked, approver, needs_another=True)
    assert [row.due_since is not None for row in adoptions.followers(standard)] == [True, False]
    with pytest.raises(Invalid, match="meanwhile"):
        exceptions.approve(asked, approver, needs_another=False)
    assert exceptions.in_force(adoption) == {"a": asked}
    assert exceptions.in_force(other) == {}
    # A version that comes later has the item still: the exception is about that.
    standard_of({"a": (CATALOG, {"name": "Item a, renamed"}, {})}, standard=standard)
    assert exceptions.in_force(adoption) == {"a": asked}
    assert exceptions.item_names(standard, ["a", "b"]) == {"a": "Item a, renamed", "b": "Item b"}
    # One of a tag is for all that have it; the tenant's own goes before.
    tags.replace(cast.contoso, ["gold"], SYSTEM)
    tags.replace(cast.fabrikam, ["gold"], SYSTEM)
    of_tag = exceptions.ask(standard, "a", LEAVE_OUT, "no licence", asker, tag="Gold")
    exceptions.approve(of_tag, asker, needs_another=False)
    assert exceptions.in_force(adoption) == {"a": asked}
    assert exceptions.in_force(other) == {"a": of_tag}
    assert exceptions.open_for(adoption) == [of_tag, asked]
    assert exceptions.open_of(standard, [cast.fabrikam.id]) == []
    assert exceptions.open_of(standard, None) == [of_tag, asked]
    # A later one takes the place of what was approved before.
    later = exceptions.ask(standard, "a", LEAVE_OUT, "CAB 13", asker, tenant=cast.contoso)
    exceptions.approve(later, approver, needs_another=True)
    assert exceptions.in_force(adoption) == {"a": later}
    assert StandardException.get_by_id(asked.id).ended_at
    with pytest.raises(Invalid, match="Say why"):
        exceptions.end(later, approver, " ")
    exceptions.end(later, approver, "the licence came")
    assert exceptions.in_force(adoption) == {"a": of_tag}
    with pytest.raises(Invalid, match="ended already"):
        exceptions.end(later, approver, "again")
    told = AuditEvent.select().where(AuditEvent.action.startswith("standard-exception:")).order_by(AuditEvent.id)
    assert [(row.action.partition(":")[2], row.details["item"], row.details["tag"]) for row in told][-3:] == [
        ("asked", "Item a, renamed", None), ("approved", "Item a, renamed", None), ("ended", "Item a, renamed", None),
    ]  # fmt: skip


def test_one_that_is_over_holds_no_longer_and_the_sweep_ends_it(cast, standard):
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    soon = utcnow() + timedelta(hours=1)
    asked = exceptions.ask(standard, "a", LEAVE_OUT, "CAB 12", SYSTEM, tenant=cast.contoso, until=soon)
    exceptions.approve(asked, SYSTEM, needs_another=True)
    assert exceptions.in_force(adoption) == {"a": asked}
    assert exceptions.expired() == []
    StandardException.update(until=utcnow() - timedelta(seconds=1)).execute()
    StandardAdoption.update(due_since=None).execute()
    assert exceptions.in_force(adoption) == {}, "whether a sweep came or not"
    [over] = exceptions.expired()
    exceptions.expire(over)
    exceptions.expire(over)
    assert exceptions.expired() == []
    assert StandardAdoption.get().due_since is not None
    late = StandardException.create(standard=standard, tenant=cast.contoso, item_key="b", paths=[], until=over.until,
                                    **settled(LEAVE_OUT))  # fmt: skip
    with pytest.raises(Invalid, match="over already"):
        exceptions.approve(late, SYSTEM, needs_another=False)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reason": "\x00 "}, "Say why"),
        ({"until": utcnow()}, "still to come"),
        ({"item_key": "gone"}, "no such item"),
        ({"tag": "gold"}, "the tenant, or the tag"),
        ({"tenant": None}, "the tenant, or the tag"),
        ({"tenant": None, "tag": "a,b"}, "without a comma"),
        ({"kind": OTHERWISE}, "at least one setting"),
        ({"kind": OTHERWISE, "paths": ["body"]}, "settings of the policy"),
        ({"kind": OTHERWISE, "paths": ["elsewhere/x"]}, "settings of the policy"),
        ({"kind": OTHERWISE, "paths": [f"body/{number}" for number in range(201)]}, "leave the whole policy out"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_words(cast, standard, given, said):
    asked = {"item_key": "a", "tenant": cast.contoso, **settled(LEAVE_OUT), **given}
    with pytest.raises(Invalid, match=said):
        exceptions.ask(standard, actor=SYSTEM, **asked)
    assert not StandardException.select().exists()
