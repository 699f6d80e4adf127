"""A look-up through the real queue, worker and simulator: what it finds, keeps, and never writes in the clear."""

import hashlib
import json

import pytest

from actors.assignments import look_up
from actors.tenants import graph_clients
from db.assignments import look_ups
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import AssignmentLookUp, AuditEvent, Policy, Run
from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy, replace_targets
from db.states import RunState
from tests.support.simulated_tenant import READ

pytestmark = [
    pytest.mark.usefixtures("lock_order"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
TO_FIND = ["User.ReadBasic.All", "Device.Read.All"]
DEVICE_ID = "5f3759df-0000-4000-8000-00000000000"
INNER, OUTER, ANN, LAPTOP = (f"{digit * 8}-1111-4111-8111-{digit * 12}" for digit in "1234")


@pytest.fixture
def directory(graph, worker, quick, ended, cast):
    """Ann and her laptop in Contoso, in a group that is in another; that one gets a policy, and no other group's."""
    first, second = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id)
    filtered = IndexedTarget("group", OUTER, filter_id="f", filter_mode="include")
    replace_targets([first, second], {
        first.id: TargetsOfPolicy([IndexedTarget("all users"), IndexedTarget("group", OUTER, is_excluded=True)]),
        second.id: TargetsOfPolicy([filtered]),
    })  # fmt: skip
    graph.change(permissions=[*READ, *TO_FIND])
    graph.put("groups", {"id": OUTER, "displayName": "SG-Outer"})
    graph.put("groups", {"id": INNER, "displayName": "SG-Inner", "memberOf": [OUTER]})
    user = {"id": ANN, "displayName": "Ann Auer", "userPrincipalName": "ann@contoso.example", "userType": "Member"}
    graph.put("users", {**user, "memberOf": [INNER]})
    for number in (1, 2):
        device = {
            "id": LAPTOP[:-1] + str(number),
            "deviceId": f"{DEVICE_ID}{number}",
            "displayName": "LAPTOP",
            "memberOf": [INNER],
        }
        graph.put("devices", device)
    graph.first, graph.second = first, second
    graph.look_up = lambda kind, name: ended(look_up.start(cast.contoso, kind, name, SYSTEM).run.id)
    return graph


def test_a_person_gets_what_groups_of_groups_get_and_nothing_personal_is_in_the_clear(directory):
    run = directory.look_up("person", " Ann@contoso.example")
    assert run.state == RunState.SUCCEEDED, run.error_message
    found = look_ups.find(run.id)["found"]
    assert (found["name"], found["group_count"], found["groups"]) == ("Ann Auer", 2, {OUTER: "SG-Outer"})
    assert [(row["policy"], row["verdict"]) for row in found["policies"]] == [
        (directory.first.id, "excluded"),
        (directory.second.id, "filtered"),
    ]
    said = json.dumps([*AuditEvent.select().dicts(), *Run.select().dicts()], default=str).lower()
    assert "ann" not in said.replace("anno", "").replace("cannot", "").replace("channel", "")
    guesses = [hashlib.sha256(f"{kind}ann@contoso.example".encode()).hexdigest() for kind in ("", "person ")]
    assert not any(guess[:16] in said for guess in guesses), "nobody can try names"
    assert b"ann" not in bytes(AssignmentLookUp.get().sealed).lower()


def test_what_is_not_there_not_clear_or_not_permitted_is_said(directory):
    several = directory.look_up("device", "LAPTOP")
    assert several.error_message == "2 devices have that name. Give the object id of the one that is meant."
    for known in (LAPTOP[:-1] + "2", f"{DEVICE_ID}1"):
        of_device = directory.look_up("device", known)
        [effective] = look_ups.find(of_device.id)["found"]["policies"][:1]
        assert (effective["policy"], effective["verdict"]) == (directory.first.id, "mixed")
    assert "no person" in directory.look_up("person", "nobody@contoso.example").error_message
    directory.change(permissions=[name for name in (*READ, *TO_FIND) if "Group" not in name])
    graph_clients.clear_cache()  # the token has the permissions of then
    lacking = directory.look_up("person", "ann@contoso.example")
    assert (lacking.state, "GroupMember.Read.All" in lacking.error_message) == (RunState.FAILED, True)


@pytest.mark.parametrize("wrong", [("person", ""), ("person", "ann"), ("person", "a/b@c"), ("dog", "rex"),
                                   ("device", "x" * 300)])  # fmt: skip
def test_a_question_that_names_nobody_starts_nothing(cast, wrong):
    with pytest.raises(Invalid):
        look_up.start(cast.contoso, *wrong, SYSTEM)
    assert not AssignmentLookUp.select().exists()
