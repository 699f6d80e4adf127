"""Who is left for emergencies: exactly these requests, and what each answer means."""

import pytest

from graph.errors import Forbidden, NotFound, Throttled, Unavailable
from graph.read.emergency_access import find_absences
from tests.graph.steps import run_steps

GROUP = {"kind": "groups", "id": "11111111-1111-4111-8111-111111111111", "name": "SG"}
ADA = {"kind": "users", "id": "22222222-2222-4222-8222-222222222222", "name": "Ada"}
MEMBERS = f"/groups/{GROUP['id']}/transitiveMembers?$select=id,accountEnabled&$top=999"
ACCOUNT = f"/users/{ADA['id']}?$select=id"
STATE = f"{ACCOUNT},accountEnabled"
NEXT = "https://graph.microsoft.com/beta/next"
A_GROUP, A_DEVICE = ({"@odata.type": f"#microsoft.graph.{kind}", "id": kind} for kind in ("group", "device"))
REFUSED, AWAY, SLOW = Forbidden("x", "No."), Unavailable("x", "Away."), Throttled("x", "Slow.")


def person(**state):
    return {"@odata.type": "#microsoft.graph.user", "id": "p", **state}


@pytest.mark.parametrize(
    ("entry", "answers", "absences"),
    [
        (GROUP, {MEMBERS: {"value": [A_GROUP, person()]}}, []),
        (GROUP, {MEMBERS: {"value": [person(accountEnabled=False)], "@odata.nextLink": NEXT},
                 NEXT: {"value": [person(accountEnabled=None)]}}, []),
        (GROUP, {MEMBERS: {"value": []}}, ["Nobody is in “SG”."]),
        (GROUP, {MEMBERS: {"value": [A_GROUP, A_DEVICE]}}, ["Nobody is in “SG”."]),
        (GROUP, {MEMBERS: {"value": [person(accountEnabled=False)]}}, ["Every account in “SG” is disabled."]),
        (GROUP, {MEMBERS: NotFound("x", "Gone.")}, ["The tenant has no “SG” any more."]),
        (GROUP, {MEMBERS: REFUSED},
         ["Whether anybody could use “SG” is not known: the app may not read it (GroupMember.Read.All)."]),
        (ADA, {STATE: {"id": ADA["id"], "accountEnabled": True}}, []),
        (ADA, {STATE: {"id": ADA["id"], "accountEnabled": False}}, ["The account “Ada” is disabled."]),
        (ADA, {STATE: NotFound("x", "Gone.")}, ["The tenant has no “Ada” any more."]),
        # To be told whether it is disabled may take more than to be told that it is there.
        (ADA, {STATE: REFUSED, ACCOUNT: {"id": ADA["id"]}}, []),
        (ADA, {STATE: REFUSED, ACCOUNT: REFUSED},
         ["Whether anybody could use “Ada” is not known: the app may not read it (User.ReadBasic.All)."]),
    ],
)  # fmt: skip
def test_an_entry_lets_somebody_sign_in_or_says_why_not(entry, answers, absences):
    assert run_steps(find_absences([entry]), answers)[0] == absences


def test_one_who_is_left_is_enough_whatever_becomes_of_the_others():
    for trouble in (NotFound("x", "Gone."), REFUSED, AWAY, SLOW):
        found, asked = run_steps(find_absences([GROUP, ADA]), {MEMBERS: trouble, STATE: {"id": ADA["id"]}})
        assert found == []
        assert [request.path for request in asked] == [MEMBERS, STATE], "both at once"


@pytest.mark.parametrize("trouble", [AWAY, SLOW])
def test_what_another_try_may_mend_is_tried_again_and_counts_as_nobody_in_the_end(trouble):
    answers = {MEMBERS: trouble, STATE: NotFound("x", "Gone.")}
    with pytest.raises(type(trouble)):
        run_steps(find_absences([GROUP, ADA]), answers)
    if trouble is SLOW:  # a wait is no failed try
        with pytest.raises(Throttled):
            run_steps(find_absences([GROUP, ADA], is_last_try=True), answers)
    else:
        [first, _] = run_steps(find_absences([GROUP, ADA], is_last_try=True), answers)[0]
        assert first == "Whether anybody could use “SG” is not known. Away."
