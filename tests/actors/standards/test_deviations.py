"""What differs after a comparison is an open change, in words and as grave as it is; what is as wanted is none."""

import pytest

from actors.changes import assessment
from actors.standards.comparing import REPORT_ONLY_YET, compare
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Change, StandardAdoption, StandardException
from db.standards import adoptions, cells
from db.states import ExceptionKind
from tests.support.standard_rows import (
    ACCESS,
    CATALOG,
    catalog_body,
    follow,
    guid,
    has,
    item_of,
    listed_now,
    new_standard,
    version_of,
)

pytestmark = [pytest.mark.usefixtures("lock_order"), pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]


def access(state):
    return {"displayName": "MFA", "state": state, "conditions": {"users": {"includeUsers": ["All"]}}}


def changes(policy):
    assessment.assess(policy.tenant_id)
    query = Change.select().where(Change.policy == policy).order_by(Change.id)
    return [(row.state, row.standard_id is not None) for row in query]


def test_what_differs_from_the_beginning_is_open_until_it_is_as_wanted_and_a_later_change_is_an_ordinary_one(cast):
    standard = new_standard()
    version_of(
        standard, item_of("disk", catalog_body("Disk", "wanted")), item_of("mfa", access("enabled"), ACCESS, None)
    )
    adoption = follow(standard, cast.contoso)
    listed_now(cast.contoso, CATALOG, ACCESS)
    disk, first = has(adoption, "disk", guid(1), catalog_body("Disk", "own", platforms="macOS"))
    mfa, _ = has(adoption, "mfa", guid(2), access("disabled"), ACCESS, None)
    compare(adoption.id)
    compare(adoption.id)
    opened = Change.get(Change.policy == disk)
    assert changes(disk) == changes(mfa) == [("open", True)], "once, however often it is compared"
    assert (opened.after_id, opened.difference_count, opened.severity) == (first.id, 2, "medium")
    assert {place["path"] for place in opened.differences} == {"body/description", "body/platforms"}
    assert Change.get(Change.policy == mfa).rules == ["conditional_access_state", "settings"]
    assert cells.of_adoption(adoption)["disk"].change_id == opened.id
    has(adoption, "mfa", guid(2), access("enabledForReportingButNotEnforced"), ACCESS, None)
    has(adoption, "disk", guid(1), catalog_body("Disk", "wanted"))
    compare(adoption.id)
    assert cells.of_adoption(adoption)["mfa"].why == REPORT_ONLY_YET
    assert [state for state, is_standards in changes(mfa) if is_standards] == ["undone"], (
        "it is to be switched on later"
    )
    assert changes(disk)[0] == ("undone", True)
    has(adoption, "disk", guid(1), catalog_body("Disk", "drifted"))
    compare(adoption.id)
    assert changes(disk)[-1] == ("open", False), "what the standard wants is its approved state"
    assert [state for state, _ in changes(disk)].count("open") == 1
    assert cells.of_adoption(adoption)["disk"].change_id == Change.select().order_by(Change.id.desc()).get().id


def test_it_is_accepted_while_an_exception_holds_and_open_again_after_it_or_with_a_new_version(cast):
    standard = new_standard()
    version_of(standard, item_of("disk", catalog_body("Disk", "wanted")))
    adoption = follow(standard, cast.contoso)
    disk, _ = has(adoption, "disk", guid(1), catalog_body("Disk", "own"))
    compare(adoption.id)
    exception = StandardException.create(
        standard=standard, tenant=cast.contoso, item_key="disk", kind=ExceptionKind.LEAVE_OUT, paths=[],
        reason="Older devices", approved_at=utcnow(), approved_by=cast.max,
    )  # fmt: skip
    compare(adoption.id)
    assert changes(disk) == [("accepted", True)]
    StandardException.update(ended_at=utcnow()).where(StandardException.id == exception.id).execute()
    compare(adoption.id)
    assert changes(disk) == [("open", True)]
    version_of(standard, item_of("disk", catalog_body("Disk", "newer")))
    compare(adoption.id)
    assert changes(disk) == [("replaced", True), ("open", True)]
    adoptions.leave(StandardAdoption.get_by_id(adoption.id), SYSTEM)
    assert changes(disk)[-1] == ("recorded", True)
