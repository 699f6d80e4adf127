"""Which policies reach a person or a device, and why."""

import pytest

from actors.assignments.effective import Receiver, effective_policies
from db.models import PolicyTarget

ANN = Receiver("person", "ann", {"staff", "pilot"})
LAPTOP = Receiver("device", "laptop", {"pilot"})
GROUP, ALL_USERS, ALL_DEVICES = ("group", "staff"), ("all users", ""), ("all devices", "")
STRANGERS = ("group", "strangers")


def decided(subject, *targets, policy_type="configurationPolicies"):
    """Return (verdict, ids of its reasons, ids of what is open) of a policy with these targets, numbered from 1."""
    place = "condition" if policy_type == "conditionalAccessPolicies" else "assignment"
    rows = [
        PolicyTarget(id=number, policy=1, policy_type=policy_type, kind=kind, object_id=object_id,
                     is_excluded="not" in words, filter_id="f" if "filter" in words else None,
                     place="scope" if "scope" in words else place)
        for number, ((kind, object_id), *words) in enumerate(targets, 1)
    ]  # fmt: skip
    found = effective_policies(subject, rows)
    return (found[0].verdict, list(found[0].reasons), list(found[0].open_questions)) if found else None


@pytest.mark.parametrize(
    ("subject", "targets", "expected"),
    [
        (ANN, [(GROUP,)], ("included", [1], [])),
        (ANN, [(STRANGERS,), (("group", "pilot"),)], ("included", [2], [])),
        (ANN, [(STRANGERS,)], None),
        (ANN, [(ALL_USERS,)], ("included", [1], [])),
        (ANN, [(ALL_DEVICES,)], None),
        (LAPTOP, [(ALL_DEVICES,)], ("included", [1], [])),
        (LAPTOP, [(ALL_USERS,)], None),
        (ANN, [(ALL_USERS,), (GROUP, "not")], ("excluded", [2], [])),
        # Whoever is in a group that nobody can tell apart from one of devices: left out, as Intune's documents have it.
        (ANN, [(STRANGERS,), (GROUP, "not")], ("excluded", [2], [])),
        (ANN, [(ALL_DEVICES,), (GROUP, "not")], ("mixed", [2], [])),
        (LAPTOP, [(ALL_USERS,), (("group", "pilot"), "not")], ("mixed", [2], [])),
        (ANN, [(GROUP, "filter")], ("filtered", [1], [])),
        (ANN, [(GROUP, "filter"), (ALL_USERS,)], ("included", [2], [])),
        (ANN, [(GROUP, "filter"), (GROUP, "not")], ("excluded", [2], [])),
        (ANN, [(GROUP, "scope")], None),
    ],
)
def test_intune(subject, targets, expected):
    assert decided(subject, *targets) == expected


ROLE, GUESTS = ("role", "admin"), ("guests", "")
GINA = Receiver("person", "gina", {"staff"}, is_guest=True)
EMIL = Receiver("person", "emil", {"staff"}, is_guest=False)


@pytest.mark.parametrize(
    ("subject", "targets", "expected"),
    [
        (ANN, [(ALL_USERS,)], ("included", [1], [])),
        (LAPTOP, [(ALL_USERS,)], None),
        (ANN, [(("user", "ann"),), (GROUP, "not")], ("excluded", [2], [])),
        (ANN, [(ALL_USERS,), (("user", "ann"), "not")], ("excluded", [2], [])),
        (ANN, [(ALL_USERS,), (ROLE, "not"), (GUESTS, "not")], ("included", [1], [2, 3])),
        (EMIL, [(ALL_USERS,), (GUESTS, "not")], ("included", [1], [])),
        (GINA, [(ALL_USERS,), (GUESTS, "not")], ("included", [1], [2])),
        (ANN, [(ROLE,)], ("unresolved", [1], [])),
        (ANN, [(ROLE,), (GUESTS, "not")], ("unresolved", [1], [2])),
        (EMIL, [(GUESTS,)], None),
        (ANN, [(("app", "office"),)], None),
    ],
)
def test_conditional_access(subject, targets, expected):
    assert decided(subject, *targets, policy_type="conditionalAccessPolicies") == expected


def test_exclusions_come_first():
    rows = [
        PolicyTarget(id=1, policy=1, policy_type="intents", kind="all users", object_id="", place="assignment"),
        PolicyTarget(id=2, policy=2, policy_type="intents", kind="group", object_id="staff", is_excluded=True,
                     place="assignment"),
    ]  # fmt: skip
    assert [found.policy_id for found in effective_policies(ANN, rows)] == [2, 1]
