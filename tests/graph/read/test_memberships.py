"""One person or device, and its groups: exactly these requests, and nothing is asked about a text that is no name."""

import pytest

from graph.errors import Forbidden, NotFound
from graph.read.memberships import DEVICE, PERSON, NotPermitted, NotThere, is_user_name, read_membership
from tests.graph.steps import run_steps

ANN, GROUP = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
USER = "/users/ann%40contoso.example?$select=id,displayName,userType"
GROUPS = f"/users/{ANN}/transitiveMemberOf/microsoft.graph.group?$select=id,displayName"
DEVICES = "/devices?$filter=displayName eq 'O%27%27Neill'&$select=id,deviceId,displayName"


def test_a_person_has_the_groups_of_all_pages():
    pages = {
        USER: {"id": ANN.upper(), "displayName": "Ann", "userType": "Guest"},
        GROUPS.replace(ANN, ANN.upper()): {"value": [{"id": GROUP.upper(), "displayName": "Staff"}],
                                           "@odata.nextLink": "https://graph.microsoft.com/beta/next"},
        "https://graph.microsoft.com/beta/next": {"value": [{"id": "g2"}]},
    }  # fmt: skip
    found, _ = run_steps(read_membership(PERSON, "ann@contoso.example"), pages)
    assert (found.object_id, found.name, found.groups, found.is_guest) == (ANN, "Ann", {GROUP: "Staff", "g2": ""}, True)


@pytest.mark.parametrize(
    ("kind", "name", "answers", "error", "said"),
    [
        (PERSON, "ann", {}, NotThere, "no user name"),
        (PERSON, "ann@contoso.example", {USER: NotFound("x", "It says so.")}, NotThere, "no person"),
        (PERSON, "ann@contoso.example", {USER: Forbidden("x", "It says so.")}, NotPermitted, "User.ReadBasic.All"),
        (PERSON, "ann@contoso.example", {USER: {"id": ANN}, GROUPS: Forbidden("x", "It says so.")}, NotPermitted,
         "GroupMember.Read.All"),
        (DEVICE, "O'Neill", {DEVICES: Forbidden("x", "It says so.")}, NotPermitted, "Device.Read.All"),
        (DEVICE, "O'Neill", {DEVICES: {"value": []}}, NotThere, "no device"),
        (DEVICE, "O'Neill", {DEVICES: {"value": [{"id": "1"}, {"id": "2"}]}}, NotThere, "2 devices"),
    ],
)  # fmt: skip
def test_what_cannot_be_found_is_said(kind, name, answers, error, said):
    with pytest.raises(error, match=said):
        run_steps(read_membership(kind, name), answers)


def test_a_user_name_leads_nowhere_else():
    assert is_user_name("ann#EXT#@contoso.example".replace("#", "_"))
    for wrong in ("ann", "a/b@c", "a@b?$select=x", "a b@c", "'@x", ""):
        assert not is_user_name(wrong), wrong
