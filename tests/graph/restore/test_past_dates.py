"""Dates that the service refuses once they are past, and plans that leave them out."""

from datetime import datetime

import pytest

from graph.content.places import root_type
from graph.content.service_made import is_service_made, is_service_made_outermost
from graph.microsoft.model import is_known, properties, subtypes
from graph.policy_types.table import POLICY_TYPES
from graph.restore import past_dates
from graph.restore.desired_content import desired_content
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.write.write_requests import change_requests, remaining_differences
from graph.write.write_rules import WRITE_RULES

NOW = datetime(2026, 11, 26)


def decided(key, want, live, now=NOW):
    case = PlanCase(POLICY_TYPES[key], want, Match(live and "x", how="id"), live, now, was_here=True)
    return plan_item(case, RestoreOptions(assignments="exact"))


UPDATES = "windowsFeatureUpdateProfiles"


def rollout(start, text="as captured"):
    settings = {"offerStartDateTimeInUTC": start, "offerEndDateTimeInUTC": None, "offerIntervalInDays": None}
    body = {"displayName": "24H2", "description": text, "featureUpdateVersion": "Windows 11, version 24H2"}
    return {"body": {**body, "rolloutSettings": settings}, "assignments": []}


def test_a_past_start_that_stays_as_it_is_needs_no_permission():
    want, live = rollout("2025-03-01T00:00:00Z"), rollout("2025-03-01T00:00:00.0000000Z", "changed by hand")
    for wanted, other in ((want, live), (live, want)):  # the update, and its undo
        plan = decided(UPDATES, wanted, other)
        assert (plan.action, plan.left_out, plan.notes) == ("update", (), ())


def test_a_past_start_that_is_another_stays_as_it_is_there_with_a_note():
    want, live = rollout("2025-03-01T00:00:00Z"), rollout("2025-06-01T00:00:00Z", "changed by hand")
    plan = decided(UPDATES, want, live)
    assert (plan.action, plan.differences, plan.left_out) == ("update", 1, ("rolloutSettings",))
    assert "2025-03-01" in plan.notes[0]
    made = desired_content(POLICY_TYPES[UPDATES], want, RestoreOptions("exact"), (), left_out=plan.left_out, live=live)
    [request] = change_requests(POLICY_TYPES[UPDATES], "x", live, made, with_assignments=True)
    assert "rolloutSettings" not in request.body
    assert decided(UPDATES, want, rollout("2025-06-01T00:00:00Z")).reason == "past_date", (
        "nothing else is to be written"
    )


def test_what_is_made_anew_goes_without_a_past_start_and_says_so():
    want = rollout("2025-03-01T00:00:00Z")
    plan = decided(UPDATES, want, None)
    assert (plan.action, plan.left_out) == ("recreate", ("rolloutSettings",))
    assert "begins at once" in plan.notes[0]
    made = desired_content(POLICY_TYPES[UPDATES], want, RestoreOptions("exact"), (), left_out=plan.left_out)
    live = {**made, "body": {**made["body"], "rolloutSettings": None}}
    assert remaining_differences(POLICY_TYPES[UPDATES], live, made, with_assignments=True) == []


def test_a_start_that_is_to_come_is_written():
    plan = decided(UPDATES, rollout("2027-03-01T00:00:00Z"), rollout("2025-03-01T00:00:00Z"))
    assert (plan.action, plan.left_out) == ("update", ())


# What happened, or will, by itself: nobody sets these.
OF_THE_SERVICE = {"deletedDateTime", "expirationDateTime", "lastSuccessfulSyncDateTime", "lastSyncTriggeredDateTime",
                  "lastUpdatedDateTime", "releaseDateTime", "tokenExpirationDateTime"}  # fmt: skip


@pytest.mark.parametrize("key", [key for key, rule in WRITE_RULES.items() if not rule.cannot_restore])
def test_each_date_that_can_be_set_is_known_to_be_refused_when_past_or_named_as_not_known(key):
    policy_type = POLICY_TYPES[key]
    told = {name for dates in past_dates.REFUSED_WHEN_PAST.get(key, {}).values() for name in dates}
    for of, name in set(dates_of(root_type(POLICY_TYPES[key]), set())):
        is_own = is_service_made_outermost(of, name) or is_service_made(of, name) or "RevokeLicenses" in of
        is_own |= name in policy_type.volatile | OF_THE_SERVICE
        is_told = name in told or (of, name) in past_dates.WRITTEN_AS_THEY_WERE
        assert is_own or is_told, f"graph/restore/past_dates.py does not say whether {of}.{name} may be past"


def dates_of(name, seen):
    """(type, property) of every date that a body or an assignment holds, as the model has them."""
    for of in subtypes(name) - seen if is_known(name) else ():
        seen.add(of)
        for prop in properties(of).values():
            if prop.is_read_only or (prop.is_navigation and prop.name != "assignments"):
                continue
            if prop.kind in ("dateTime", "date"):
                yield of, prop.name
            elif prop.kind == "object":
                yield from dates_of(prop.type or "", seen)
