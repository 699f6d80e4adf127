"""Multi Admin Approval: refused with a code, decided by another admin, carried out when sent again with that code."""

import base64

import pytest

from tests.graph.simulator.conftest import CA, DM, add_tenant

PATH = f"{DM}/deviceCategories"
WHY, CODE = "x-msft-approval-justification", "x-msft-approval-code"
BODY = {"displayName": "Kiosk"}


def encoded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def guarded(simulator):
    made = add_tenant(simulator, "Guarded").sign_in()
    made.change(flags={"approval": True})
    return made


def request_approval(tenant, body=None):
    answer = tenant.ask("POST", PATH, body or BODY, **{WHY: encoded("Restore of run 7")})
    assert answer.status_code == 412, answer.text
    return answer.headers[CODE]


def test_a_write_without_a_reason_is_told_the_header_it_lacks(guarded):
    answer = guarded.ask("POST", PATH, BODY)
    assert answer.status_code == 400
    assert f"Header '{WHY}' is required" in answer.text
    assert CODE not in answer.headers
    assert guarded.approvals() == []


@pytest.mark.parametrize("reason", ["plain text", encoded("x" * 1025)])
def test_a_reason_in_plain_text_and_one_that_is_too_long_are_refused(guarded, reason):
    answer = guarded.ask("POST", PATH, BODY, **{WHY: reason})
    assert (answer.status_code, CODE in answer.headers) == (400, False)


def test_the_same_write_has_one_code_until_it_is_decided_and_another_write_another(guarded):
    code = request_approval(guarded)
    assert request_approval(guarded) == code
    assert request_approval(guarded, {"displayName": "Other"}) != code
    shown = guarded.ask("GET", f"{DM}/operationApprovalRequests/{code}").json()
    assert shown["status"] == "needsApproval"
    assert shown["requestJustification"] == "Restore of run 7"
    assert shown["expirationDateTime"] > shown["requestDateTime"]
    assert PATH not in guarded.objects()
    guarded.decide(code, "rejected")
    assert request_approval(guarded) != code


def test_once_approved_the_same_write_with_the_code_is_done_and_only_once(guarded):
    code = request_approval(guarded)
    assert guarded.ask("POST", PATH, BODY, **{CODE: code}).status_code == 403, "not yet"
    guarded.decide(code)
    assert guarded.ask("POST", PATH, {"displayName": "Else"}, **{CODE: code}).status_code == 403, "not this one"
    assert guarded.ask("POST", PATH, BODY, **{CODE: code}).status_code == 201
    assert guarded.ask("GET", f"{DM}/operationApprovalRequests/{code}").json()["status"] == "completed"
    assert guarded.ask("POST", PATH, BODY, **{CODE: code}).status_code == 403


@pytest.mark.parametrize("status", ["rejected", "cancelled", "expired"])
def test_what_was_not_approved_is_not_done(status, guarded):
    code = request_approval(guarded)
    guarded.decide(code, status)
    assert guarded.ask("GET", f"{DM}/operationApprovalRequests/{code}").json()["status"] == status
    assert guarded.ask("POST", PATH, BODY, **{CODE: code}).status_code == 403


def test_one_copy_of_the_documentation_says_400(guarded):
    guarded.change(flags={"approval_status_400": True})
    answer = guarded.ask("POST", PATH, BODY, **{WHY: encoded("x")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert answer.headers[CODE]


def test_only_the_collections_that_are_named_are_held_up(guarded):
    guarded.change(flags={"approval": [PATH]})
    assert guarded.ask("POST", PATH, BODY).status_code == 400
    guarded.change(flags={"approval": [f"{DM}/roleScopeTags"]})
    assert guarded.ask("POST", PATH, BODY).status_code == 201


def test_in_a_batch_each_part_has_headers_of_its_own(guarded):
    json = {"Content-Type": "application/json"}
    part = {"method": "POST", "url": f"/{PATH}", "body": BODY}
    with_reason = {**json, WHY: encoded("x")}
    answers = guarded.batch({"id": "1", "headers": with_reason, **part}, {"id": "2", "headers": json, **part})
    code = answers["1"]["headers"][CODE]
    assert CODE not in answers["2"]["headers"]
    guarded.decide(code)
    assert guarded.batch({"id": "1", "headers": {**json, CODE: code}, **part})["1"]["status"] == 201


def test_an_unknown_status_is_no_decision(guarded):
    code = request_approval(guarded)
    with pytest.raises(Exception, match="400"):
        guarded.decide(code, "perhaps")


def test_conditional_access_is_no_concern_of_it(guarded):
    body = {"displayName": "x", "isAvailable": True}
    assert guarded.ask("PATCH", f"{CA}/authenticationContextClassReferences/c1", body).status_code == 204
    assert guarded.ask("GET", PATH).status_code == 200
