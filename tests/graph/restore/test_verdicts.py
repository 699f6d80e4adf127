"""The verdict on a policy, from what the planner decided."""

import pytest

from graph.not_offered import REASONS
from graph.policy_types.table import POLICY_TYPES
from graph.restore.verdicts import (
    BY_HAND,
    BY_ITSELF,
    NOT,
    RestoreVerdict,
    of_unlisted,
    share_of,
    stays,
    verdict_of,
    worse,
)

ENTERED = [("to_be_entered", "preSharedKey: enter it again.")]


@pytest.mark.parametrize(
    ("key", "body", "decided", "expected"),
    [
        ("configurationPolicies", {}, ("recreate", None, None, ()), RestoreVerdict(BY_ITSELF)),
        ("deviceConfigurations", {}, ("recreate", None, None, ENTERED), RestoreVerdict(BY_HAND, *ENTERED[0])),
        ("deviceConfigurations", {}, ("recreate", None, None, [("unassigned", "To nobody.")]),
         RestoreVerdict(BY_ITSELF)),
        ("conditionalAccessPolicies", {}, ("recreate", "guard", "All users.", ()),
         RestoreVerdict(BY_HAND, "guard", "All users.")),
        ("deviceConfigurations", {}, ("blocked", "permission_missing", "Grant it.", ()),
         RestoreVerdict(BY_HAND, "permission_missing", "Grant it.")),
        ("deviceConfigurations", {}, ("blocked", "cannot_create", "No.", ()),
         RestoreVerdict(NOT, "cannot_create", "No.")),
        ("mobileApps", {}, ("blocked", "cannot_create", "Its installer.", ()),
         RestoreVerdict(BY_HAND, "uploaded_again", "Its installer.")),
        ("groups", {"members": []}, ("recreate", None, None, ()), RestoreVerdict(BY_ITSELF)),
        ("groups", {"groupTypes": []}, ("blocked", "cannot_create", "Make it there.", ()),
         RestoreVerdict(BY_HAND, "made_by_hand", "Make it there.")),
        ("groups", {"groupTypes": ["Unified"]}, ("blocked", "cannot_create", "A mailbox.", ()),
         RestoreVerdict(NOT, "cannot_create", "A mailbox.")),
    ],
)  # fmt: skip
def test_a_verdict_is_the_plan_told_by_what_a_person_has_to_do(key, body, decided, expected):
    assert verdict_of(POLICY_TYPES[key], body, *decided) == expected


@pytest.mark.parametrize("body", [{}, {"groupTypes": ["DynamicMembership"], "members": []}])
def test_a_group_needs_a_hand_for_members_that_no_backup_has_and_for_a_rule(body):
    assert verdict_of(POLICY_TYPES["groups"], body, "recreate", None, None, ()).reason == "membership"


def test_what_nobody_can_delete_stays_whatever_the_plan_says():
    single = next(policy_type for policy_type in POLICY_TYPES.values() if policy_type.is_single)
    assert stays(single, {})
    assert verdict_of(single, {}, "blocked", "cannot_create", "No.", ()).verdict == BY_ITSELF
    assert not stays(POLICY_TYPES["organizationalBranding"], {"id": "0"}), "a restore makes it again"
    assert stays(POLICY_TYPES["deviceEnrollmentConfigurations"], {"id": "x_DefaultLimit", "priority": 0})


def test_each_answer_that_a_feature_is_missing_is_a_licence_a_wait_or_the_end():
    """Of each row of graph/not_offered.py, and of any other refusal."""
    codes = {reason.code for reason in REASONS}
    reasons = {code: of_unlisted(code, "Why.") for code in (*codes, "rejected")}
    assert {verdict.why for verdict in reasons.values()} == {"Why."}
    gone = {code for code, verdict in reasons.items() if verdict.verdict == NOT}
    assert gone == {"unknown_segment", "no_route", "retired"}
    looked_at = {code for code, verdict in reasons.items() if verdict.reason == "unreadable"}
    assert looked_at == {"not_deployed", "rejected"}
    assert {reasons[code].reason for code in codes - gone - looked_at} == {"licence_missing"}


def test_the_worse_of_two_counts_and_an_empty_tenant_is_ready():
    good, hand, bad = RestoreVerdict(BY_ITSELF), RestoreVerdict(BY_HAND), RestoreVerdict(NOT)
    assert (worse(good, hand), worse(bad, hand), worse(good, good)) == (hand, bad, good)
    assert (share_of([BY_ITSELF, BY_ITSELF, BY_HAND, NOT]), share_of([])) == (0.5, 1.0)
