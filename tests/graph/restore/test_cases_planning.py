"""What would be written is decided first, and only that can stand in the way: over all types that are written."""

from datetime import datetime

import pytest

from graph.content.places import root_type
from graph.content.service_made import is_service_made, is_service_made_outermost
from graph.errors import error_from_answer
from graph.microsoft.model import enum, is_known, properties, subtypes
from graph.policy_types.quotas import QUOTAS, quota_warning
from graph.policy_types.table import POLICY_TYPES
from graph.restore import past_dates
from graph.restore.desired_content import desired_content
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.planner import PlanCase, plan_item
from graph.restore.resolver import Resolution
from graph.write.readiness import READINESS, may_be_a_delay, patience_seconds
from graph.write.write_requests import change_requests, remaining_differences
from graph.write.write_rules import WRITE_RULES

NOW = datetime(2026, 11, 26)
GROUP = "00000901-1111-4111-8111-111111111111"
MISSING = Resolution("groups", GROUP, None, "unresolved", is_assignment=True, why="It is not there.")
ASSIGNED = [{"id": "x", "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP}}]
BLOCK = [{"scheduledActionConfigurations": [{"actionType": "block", "gracePeriodHours": 0}]}]
LIKE = {
    "mobileApps": {"@odata.type": "#microsoft.graph.webApp"},
    "deviceEnrollmentConfigurations": {
        "@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration",
        "priority": 1,
    },
    "intents": {"templateId": "t"},
    "deviceCompliancePolicies": {"scheduledActionsForRule": BLOCK},
    "compliancePolicies": {"scheduledActionsForRule": BLOCK},
}
ASSIGNABLE = [key for key, rule in WRITE_RULES.items() if rule.assign and not rule.never]


TAGGED = [
    key
    for key, rule in WRITE_RULES.items()
    if not rule.never and "roleScopeTagIds" in properties(root_type(POLICY_TYPES[key]))
]


def content(key, text="as captured", assignments=ASSIGNED):
    policy_type = POLICY_TYPES[key]
    return {
        "body": {policy_type.name_property: "p", "description": text, **LIKE.get(key, {})},
        "assignments": assignments,
    }


def decided(key, want, live, resolutions=(), now=NOW, **options):
    facts = {"was_here": True, "resolutions": list(resolutions)}
    case = PlanCase(POLICY_TYPES[key], want, Match(live and "x", how="id"), live, now, **facts)
    return plan_item(case, RestoreOptions(**{"assignments": "exact", **options}))


# --- references ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ASSIGNABLE)
def test_a_group_that_is_gone_stands_in_the_way_only_of_what_would_name_it(key):
    want, changed, unassigned = content(key), content(key, "changed by hand"), content(key, assignments=[])
    for choice in ("exact", "leave"):
        plan = decided(key, want, want, [MISSING], assignments=choice)
        assert (plan.action, plan.needs) == ("matches", frozenset())
        assert decided(key, want, changed, [MISSING], assignments=choice).action == "update"
    assert decided(key, want, unassigned, [MISSING]).reason == "unresolved"
    assert decided(key, want, None, [MISSING]).reason == "unresolved"
    for choice in ("leave", "none"):
        assert decided(key, want, None, [MISSING], assignments=choice).action == "recreate"
        assert decided(key, want, changed, [MISSING], assignments=choice).action == "update"
        assert decided(key, want, changed, [MISSING], assignments=choice, existing="copy").action == "create"
    assert decided(key, want, unassigned, [MISSING], existing="skip").action == "exists"
    assert decided(key, want, changed, [MISSING], existing="copy").reason == "unresolved"


@pytest.mark.parametrize("key", TAGGED)
def test_a_scope_tag_that_is_gone_stands_in_the_way_only_of_what_would_name_it(key):
    tag = Resolution("roleScopeTags", "7", "Berlin", "unresolved", why="It is not there.")
    want, other = content(key, assignments=[]), content(key, assignments=[])
    want["body"]["roleScopeTagIds"], other["body"]["roleScopeTagIds"] = ["7"], ["0"]
    changed = {**want, "body": {**want["body"], "description": "changed by hand"}}
    assert decided(key, want, want, [tag]).action == "matches"
    assert decided(key, want, other, [tag]).reason == "unresolved"
    # A PUT says all of it again; what stands there just so is told as such by then.
    expected = "unresolved" if WRITE_RULES[key].update == "PUT" else None
    assert decided(key, want, changed, [tag]).reason == expected
    standing = Resolution("roleScopeTags", "7", "Berlin", "stands", why="It is not there.")
    plan = decided(key, want, changed, [standing])
    assert (plan.action, len(plan.notes)) == ("update", 1)


def test_a_dropped_assignment_is_noted_where_assignments_are_written():
    dropped = Resolution("groups", GROUP, "SG-Pilot", "dropped", is_assignment=True, why="It is not there.")
    assert len(decided("deviceManagementScripts", content("deviceManagementScripts"), None, [dropped]).notes) == 1
    leave = decided("deviceManagementScripts", content("deviceManagementScripts"), None, [dropped], assignments="leave")
    assert leave.notes == ()


def test_what_stands_is_left_out_where_that_was_chosen_and_assignments_are_written_anyway():
    standing = Resolution("groups", GROUP, None, "stands", is_assignment=True, why="It is not there.")
    key = "deviceManagementScripts"
    other = {"id": "y", "target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}
    want, live = content(key, assignments=[*ASSIGNED, other]), content(key)
    for chosen, how in ((True, "dropped"), (False, "stands")):
        plan = decided(key, want, live, [standing], drop_missing=chosen)
        assert (plan.action, [one.how for one in plan.resolutions]) == ("update", [how])
        assert decided(key, want, want, [standing], drop_missing=chosen).action == "matches"


def test_what_refers_to_what_will_be_made_anew_is_written_though_it_looks_the_same():
    """It refers to the old id, and the new one will be another."""
    tag = Resolution("roleScopeTags", "7", "Berlin", "restored", item=41)
    want = content("deviceManagementScripts", assignments=[])
    want["body"]["roleScopeTagIds"] = ["7"]
    plan = decided("deviceManagementScripts", want, want, [tag])
    assert (plan.action, plan.needs) == ("update", {("roleScopeTags", "7", False)})


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("groupPolicyUploadedDefinitionFiles", {"fileName": "a.admx"}),
        ("roleDefinitions", {"displayName": "r", "isBuiltIn": True}),
        ("roleScopeTags", {"id": "0", "displayName": "Default"}),
        (
            "deviceConfigurations",
            {"displayName": "o", "description": "", "omaSettings": [{"omaUri": "./x", "value": "****"}]},
        ),
        ("mobileApps", {"@odata.type": "#microsoft.graph.win32LobApp", "displayName": "a"}),
    ],
)
def test_what_cannot_be_written_and_need_not_be_is_no_trouble(key, body):
    want = {"body": body, "assignments": None}
    assert decided(key, want, want).action == "matches"
    if "omaSettings" in body:
        plan = decided(key, want, {**want, "body": {**body, "description": "changed by hand"}})
        assert plan.action == "update", "the mask is not in what is written"


def test_what_was_written_twice_to_no_effect_is_told_and_not_written_again():
    want, live = (content("deviceManagementScripts", text, assignments=[]) for text in "ab")
    case = PlanCase(
        POLICY_TYPES["deviceManagementScripts"], want, Match("x"), live, NOW, is_kept_otherwise=lambda: True
    )
    assert plan_item(case, RestoreOptions(assignments="leave")).reason == "kept_otherwise"


# --- past dates ------------------------------------------------------------------------------------------------------

UPDATES = "windowsFeatureUpdateProfiles"


def rollout(start, text="as captured"):
    settings = {"offerStartDateTimeInUTC": start, "offerEndDateTimeInUTC": None, "offerIntervalInDays": None}
    body = {"displayName": "24H2", "description": text, "featureUpdateVersion": "Windows 11, version 24H2"}
    return {"body": {**body, "rolloutSettings": settings}, "assignments": []}


def test_a_past_start_that_stays_as_it_is_needs_no_permission():
    want, live = rollout("2025-03-01T00:00:00Z"), rollout("2025-03-01T00:00:00.0000000Z", "changed by hand")
    for one, other in ((want, live), (live, want)):  # the update, and its undo
        plan = decided(UPDATES, one, other)
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


@pytest.mark.parametrize("key", [key for key, rule in WRITE_RULES.items() if not rule.never])
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
        for one in properties(of).values():
            if one.is_read_only or (one.is_navigation and one.name != "assignments"):
                continue
            if one.kind in ("dateTime", "date"):
                yield of, one.name
            elif one.kind == "object":
                yield from dates_of(one.type or "", seen)


# --- quotas ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "number", "is_over"), [(239, 1, False), (240, 1, True), (238, 3, True), (0, 240, False)]
)
def test_more_policies_than_microsoft_allows_are_told_before(there, number, is_over):
    said = quota_warning(QUOTAS["conditionalAccessPolicies"], there, number)
    assert ("240" in said) is is_over


# --- what is not ready yet -------------------------------------------------------------------------------------------

MADE = "00000040-1111-4111-8111-111111111111"


@pytest.mark.parametrize(
    ("status", "message", "is_young"),
    [
        (400, f"1040: NamedLocation with id {MADE} does not exist in the directory.", True),
        (400, "The MobileApp cannot be assigned: PublishingState is not 'Published'.", True),
        (404, "Profile not found", True),
        (400, f"groups with id {GROUP} was not found.", False),  # another's
        (400, "1011: The list of applications is empty.", False),
        (403, "", False),
        (409, f"{MADE} was changed.", False),
    ],
)
def test_a_refusal_is_tried_again_where_it_may_be_about_what_was_just_made(status, message, is_young):
    error = error_from_answer(status, {}, {"error": {"code": "BadRequest", "message": message}}, is_part=True)
    assert may_be_a_delay(error, [f"T_{MADE}"]) is is_young
    assert may_be_a_delay(error, []) is False, "nothing was made"


def test_every_type_that_waits_says_what_for_and_how_long():
    for key, one in READINESS.items():
        assert any(one.property in properties(name) for name in subtypes(root_type(POLICY_TYPES[key])))
        assert one.ready <= set(enum("mobileAppPublishingState"))
        assert patience_seconds(key) > 0
        assert one.waits_for.endswith(".")
