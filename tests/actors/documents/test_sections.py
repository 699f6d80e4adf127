"""A policy's section: purpose, settings in groups, assignments by name, and who changed it last."""

from datetime import timedelta

import pytest

from actors.documents.contents import TenantSource
from actors.documents.sections import Assigned, sections_of, without_ids
from db.clock import utcnow
from db.states import ChangeKind
from tests.support.changes import record_change, record_event
from tests.support.documents import GROUP, assigned_to, captured_policies

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FILTER = "bbbbbbbb-0000-4000-8000-000000000002"


def test_a_section_tells_purpose_settings_assignments_and_the_last_change(cast):
    body = {"id": "x", "name": "Ring", "description": "Keeps laptops current.", "version": 3, "isBold": True,
            "settings": [], "roleScopeTagIds": ["0"],
            "x@odata.type": "#String", "notes": "", "#graph.act": {"target": "x"}}  # fmt: skip
    filtered = assigned_to(kind="allDevices")
    filtered["target"] |= {
        "deviceAndAppManagementAssignmentFilterId": FILTER, "deviceAndAppManagementAssignmentFilterType": "exclude",
    }  # fmt: skip
    assignments = [assigned_to(kind="exclusionGroup"), filtered, assigned_to() | {"intent": "required"}, "odd"]
    [snapshot] = captured_policies(cast.contoso, body, assignments=assignments, groups={GROUP: "SG-Sales"})
    long_ago = utcnow() - timedelta(days=2)
    record_change(snapshot.policy, kind=ChangeKind.ADDED, since_at=long_ago, seen_at=long_ago)
    record_change(snapshot.policy)
    record_event(snapshot.policy)
    source = TenantSource(cast.contoso)
    [section] = sections_of(source, source.entries())
    assert section.purpose == "Keeps laptops current."
    told = {line.label: line.value for group in section.groups for line in group.lines}
    assert told == {"id": snapshot.policy.graph_id.rpartition("/")[2], "version": "3", "isBold": "yes",
                    "roleScopeTagIds": "Default"}  # fmt: skip
    assert {line.label for group in without_ids(section.groups) for line in group.lines} == {
        "isBold",
        "roleScopeTagIds",
    }
    assert list(section.assigned) == [
        Assigned("allDevices", "", "exclude", "Unknown filter (bbbb…)"),
        Assigned("group", "SG-Sales", intent="required"),
        Assigned("exclusionGroup", "SG-Sales"),
    ]  # fmt: skip
    assert section.unset == ["settings"]
    assert (section.last_change.kind, [doer.name for doer in section.last_change.doers]) == (
        ChangeKind.CHANGED, ["anna@contoso.example"],
    )  # fmt: skip
