"""Versions of standards: numbered, immutable, each content kept once."""

import pytest

from db.audit.audit import SYSTEM, Action
from db.errors import Invalid
from db.models import AuditEvent, StandardContent, StandardVersion
from db.standards import standards, versions
from db.standards.versions import NewItem, NewVersion
from db.states import StandardSource


def new(*keys, after=0, **facts):
    contents = {key[:1] * 64: {"body": {"displayName": key[:1]}, "assignments": None} for key in keys}
    items = [NewItem(key, "deviceConfigurations", key, key[:1] * 64, {"groups": {}}) for key in keys]
    return NewVersion(StandardSource.TENANT, "Contoso", "Why", items, contents, after=after, **facts)


def test_versions_are_numbered_and_their_contents_kept_once(database):
    standard = standards.create("Windows", "", SYSTEM)
    assert versions.newest(standard) is None
    first = versions.make(standard, new("b", "a1", "a2", parameters=[{"name": "p"}]), SYSTEM)
    second = versions.make(standard, new("a1", "c", after=1, based_on=1), SYSTEM)
    assert (first.number, second.number, versions.newest(standard)) == (1, 2, second)
    assert [item.key for item in versions.items(first)] == ["b", "a1", "a2"]
    assert versions.read(versions.find_item(first, "a2")) == {"body": {"displayName": "a"}, "assignments": None}
    assert versions.read_all(second)["c"]["body"] == {"displayName": "c"}
    assert StandardContent.select().count() == 3
    assert versions.of_number(standard, 1).parameters == [{"name": "p"}]
    assert [row.number for row in versions.newest_first(standard, 1, 1)] == [1]
    assert versions.newest_numbers([standard.id]) == {standard.id: second}
    event = AuditEvent.select().order_by(AuditEvent.id.desc()).first()
    assert (event.action, event.details["version"], event.details["items"]) == (Action.STANDARD_VERSION_MADE, 2, 2)


def test_a_version_that_did_not_see_the_last_one_is_refused_and_so_is_an_empty_one(database):
    standard = standards.create("Windows", "", SYSTEM)
    versions.make(standard, new("a"), SYSTEM)
    with pytest.raises(Invalid, match="Version 1 was made meanwhile"):
        versions.make(standard, new("b"), SYSTEM)
    with pytest.raises(Invalid, match="at least one policy"):
        versions.make(standard, new(after=1), SYSTEM)
    with pytest.raises(Invalid, match="4,000"):
        versions.make(standard, NewVersion(**{**vars(new("b", after=1)), "notes": "x" * 4001}), SYSTEM)
    standards.archive(standard, SYSTEM)
    with pytest.raises(Invalid, match="archived"):
        versions.make(standards.of_uid(standard.uid), new("b", after=1), SYSTEM)
    assert StandardVersion.select().count() == 1
