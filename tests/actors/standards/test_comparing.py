"""The cells of a standard in a tenant: every state, what makes each, and what an aligned one means from then on."""

from datetime import timedelta

import pytest

from actors.standards import comparing, tenant_now
from actors.standards.comparing import compare
from db.clock import utcnow
from db.models import ApprovedPolicy, Change, Content, Coverage, Policy, Snapshot, StandardAdoption, StandardException
from db.policies import snapshots
from db.standards import cells
from db.states import CellState, ExceptionKind, Offer, PolicyState
from tests.support.changes import record_change
from tests.support.standard_rows import (
    ACCESS,
    CATALOG,
    PROFILES,
    assigned,
    catalog_body,
    follow,
    guid,
    has,
    is_mapped,
    item_of,
    listed_now,
    new_standard,
    version_of,
)

pytestmark = [pytest.mark.usefixtures("lock_order"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]
GROUP, HERE, OWN = guid(901), guid(902), guid(903)
OLD = utcnow() - timedelta(days=8)
A, D, X, W = CellState.ALIGNED, CellState.DIFFERS, CellState.EXCEPTED, CellState.NOT_READABLE


def access(state, name="MFA"):
    return {"displayName": name, "state": state, "conditions": {"users": {"includeUsers": ["All"]}}}


def excepted(adoption, key, kind=ExceptionKind.LEAVE_OUT, *paths):
    facts = {"item_key": key, "kind": kind, "paths": list(paths), "reason": "Older devices", "approved_at": utcnow()}
    return StandardException.create(standard=adoption.standard, tenant=adoption.tenant, **facts)


def states(adoption):
    compare(adoption.id)
    return {key: (CellState(cell.state), cell.why) for key, cell in cells.of_adoption(adoption).items()}


def test_each_state_and_its_reason(cast):
    standard = new_standard()
    names = ["same", "other", "own", "own and other", "left out", "gone", "never", "old", "newer", "lost", "unassigned"]
    items = {name: item_of(name, catalog_body(name, "wanted"), assignments=assigned(GROUP)) for name in names}
    more = {
        "report only": item_of("report only", access("enabled"), ACCESS, None),
        "off": item_of("off", access("enabled", "Off"), ACCESS, None),
        "unlisted": item_of("unlisted", {"displayName": "Script"}, "deviceManagementScripts"),
        "refused": item_of("refused", {"displayName": "Profile"}, PROFILES),
        "unoffered": item_of("unoffered", {"displayName": "Filter"}, "assignmentFilters"),
        "unknown": item_of("unknown", {"displayName": "Of a later release"}, "quantumPolicies"),
    }
    version_of(standard, *items.values(), *more.values())
    adoption = follow(standard, cast.contoso)
    is_mapped(adoption, "groups", GROUP, HERE)
    listed_now(cast.contoso, CATALOG, ACCESS)
    listed_now(cast.contoso, PROFILES, offer=Offer.NOT_PERMITTED)
    listed_now(cast.contoso, "assignmentFilters", offer=Offer.NOT_OFFERED)
    policies = {}
    for number, name in enumerate(names):
        if name != "never":
            description = "ours" if name in ("own", "own and other", "left out", "other") else "wanted"
            platforms = {"platforms": "macOS"} if name == "own and other" else {}
            assignments = None if name == "unassigned" else assigned(HERE)
            body = catalog_body(name, description, **platforms)
            policies[name], _ = has(adoption, name, guid(number + 1), body, assignments=assignments)
    has(adoption, "report only", guid(801), access("enabledForReportingButNotEnforced"), ACCESS, None)
    has(adoption, "off", guid(802), access("disabled", "Off"), ACCESS, None)
    for name in ("own", "own and other"):
        excepted(adoption, name, ExceptionKind.OTHERWISE, "body/description")
    excepted(adoption, "left out")
    change = record_change(policies["other"])
    Policy.update(state=PolicyState.GONE).where(Policy.id == policies["gone"].id).execute()
    Policy.update(last_captured_at=OLD).where(Policy.id == policies["old"].id).execute()
    Policy.update(modified_at=utcnow() + timedelta(minutes=1)).where(Policy.id == policies["newer"].id).execute()
    lost = Snapshot.get(Snapshot.policy == policies["lost"].id)
    Content.update(sealed=b"rubbish").where(Content.id == lost.content_id).execute()

    assert states(adoption) == {
        "same": (A, ""), "other": (D, ""), "own": (X, comparing.OWN_VALUES), "own and other": (D, ""),
        "left out": (X, comparing.LEFT_OUT), "gone": (CellState.MISSING, tenant_now.DELETED),
        "never": (CellState.MISSING, tenant_now.NOT_THERE), "old": (CellState.STALE, tenant_now.SNAPSHOT_OLD),
        "newer": (CellState.STALE, tenant_now.CHANGED_SINCE), "lost": (W, comparing.NOT_OPENED),
        "unassigned": (W, comparing.ASSIGNMENTS_UNREAD), "report only": (D, comparing.REPORT_ONLY_YET), "off": (D, ""),
        "unlisted": (W, tenant_now.NEVER_LISTED), "refused": (W, tenant_now.NOT_PERMITTED),
        "unoffered": (CellState.MISSING, tenant_now.NOT_OFFERED), "unknown": (W, comparing.UNKNOWN_TYPE),
    }  # fmt: skip
    found = cells.of_adoption(adoption)
    assert found["other"].places == [{"path": "body/description", "label": "Description", "how": "changed"}]
    assert (found["other"].change_id, found["other"].difference_count) == (change.id, 1)
    assert [place["path"] for place in found["own and other"].places] == ["body/platforms"]
    assert StandardAdoption.get_by_id(adoption.id).counts == {
        "aligned": 1, "differs": 4, "excepted": 2, "missing": 3, "not_readable": 5, "stale": 2,
    }  # fmt: skip
    # What was last as it should be is known of those alone that were so.
    marks = {key for key, cell in found.items() if cell.aligned_mark}
    assert marks == {"same", "own", "old", "newer", "report only"}


def test_an_aligned_policy_is_approved_once_and_compared_again_only_where_something_changed(cast, monkeypatch):
    standard = new_standard()
    version_of(standard, item_of("a", catalog_body("Disk"), assignments=assigned(GROUP)))
    adoption = follow(standard, cast.contoso)
    is_mapped(adoption, "groups", GROUP, HERE)
    policy, snapshot = has(adoption, "a", guid(1), catalog_body("Disk"), assignments=assigned(HERE))
    opened, read = [], snapshots.read_content
    monkeypatch.setattr(snapshots, "read_content", lambda content_id: opened.append(content_id) or read(content_id))
    assert states(adoption) == {"a": (A, "")}
    approved = ApprovedPolicy.get(ApprovedPolicy.policy == policy.id)
    assert (approved.snapshot_id, approved.reason) == (snapshot.id, "Standard Base, version 1")
    ApprovedPolicy.delete().execute()
    assert states(adoption) == {"a": (A, "")}
    assert len(opened) == 1
    assert not ApprovedPolicy.select().exists(), "what somebody took back is not approved anew"
    # A look that finds the same, grown old, and then a change.
    Policy.update(last_captured_at=OLD).execute()
    assert states(adoption) == {"a": (CellState.STALE, tenant_now.SNAPSHOT_OLD)}
    has(adoption, "a", guid(1), catalog_body("Disk", "changed"), assignments=assigned(HERE))
    assert states(adoption) == {"a": (D, "")}
    mark = cells.of_adoption(adoption)["a"].aligned_mark
    assert (
        mark == snapshots.latest(policy).content.fingerprint
        or mark == Content.get_by_id(snapshot.content_id).fingerprint
    )
    assert mark == Content.get_by_id(snapshot.content_id).fingerprint, "it says what it was, not what it became"
    # Back again, and approved again: it is another state than the one that was taken back.
    has(adoption, "a", guid(1), catalog_body("Disk"), assignments=assigned(HERE))
    assert states(adoption) == {"a": (A, "")}
    assert ApprovedPolicy.get(ApprovedPolicy.policy == policy.id).mark != mark


def test_a_version_its_values_and_its_assignments_decide_and_a_later_version_takes_items_away(cast):
    prefix = {"name": "prefix", "kind": "prefix", "label": "Prefix", "default": "ST - ", "object": None,
              "places": [{"item": "a", "path": ["body", "name"]}]}  # fmt: skip
    standard = new_standard()
    version_of(standard, item_of("a", catalog_body("ST - Disk"), assignments=assigned(GROUP)), parameters=[prefix])
    adoption = follow(standard, cast.contoso, values={"prefix": "CT - "})
    listed_now(cast.contoso, CATALOG)
    has(adoption, "a", guid(1), catalog_body("CT - Disk"), assignments=assigned(OWN))
    assert states(adoption) == {"a": (D, "")}
    assert all(place["path"].startswith("assignments") for place in cells.of_adoption(adoption)["a"].places)
    item = item_of("a", catalog_body("ST - Disk"), assignments=assigned(GROUP))
    version_of(standard, item, item_of("b", catalog_body("New")), parameters=[prefix], with_assignments=False)
    assert states(adoption) == {"a": (A, ""), "b": (CellState.MISSING, tenant_now.NOT_THERE)}
    held = version_of(standard, item_of("b", catalog_body("New")))
    StandardAdoption.update(version=held).where(StandardAdoption.id == adoption.id).execute()
    version_of(standard, item_of("c", catalog_body("Newest")))
    assert states(adoption).keys() == {"b"}, "it is held to this version until another is rolled out"


def test_an_item_that_may_be_several_policies_waits_for_a_person_and_one_fault_holds_up_no_other(cast, monkeypatch):
    standard = new_standard()
    version_of(standard, item_of("twin", catalog_body("Twin")), item_of("a", catalog_body("Disk")))
    adoption = follow(standard, cast.contoso)
    for number in (1, 2):
        has(adoption, "", guid(number), catalog_body("Twin"))
    has(adoption, "a", guid(3), catalog_body("Disk"))
    Coverage.create(tenant=cast.contoso, policy_type=CATALOG, offer=Offer.OFFERED, listed_at=utcnow())
    found = states(adoption)
    assert found["twin"][0] == CellState.UNSURE
    assert "2 policies of this name" in found["twin"][1]
    assert found["a"] == (A, "")

    def break_down(*_arguments, **_options):
        raise RecursionError

    monkeypatch.setattr(comparing, "DifferingPlaces", break_down)
    has(adoption, "a", guid(3), catalog_body("Disk", "deep"))
    assert states(adoption)["a"] == (W, comparing.NOT_COMPARED)
    assert not Change.select().where(Change.policy.is_null()).exists()
    assert compare(adoption.id + 1000) == 0
