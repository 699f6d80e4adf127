import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from graph import errors, not_offered
from graph.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NotAvailable,
    NotFound,
    Rejected,
    SignInFailed,
    Throttled,
    Unavailable,
    Unclear,
    error_from_answer,
    redact,
    register_secrets,
    retry_after,
)

INTUNE = {
    "_version": 3,
    "Message": "Application is not authorized to perform this operation. Application must have one of the following "
    "scopes: DeviceManagementConfiguration.Read.All, DeviceManagementConfiguration.ReadWrite.All - "
    "Operation ID (for customer support): 0 - Activity ID: 8191cc94 - Url: https://fef.amsua0202.manage.microsoft.com/x",
}  # fmt: skip


def error(code, message):
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "from-body"}}}


@pytest.mark.parametrize(
    ("status", "code", "message", "kind", "ours"),
    [
        (429, "TooManyRequests", "", Throttled, "throttled"),
        (503, "ServiceUnavailable", "", Unavailable, "unavailable"),
        (404, "ResourceNotFound", "", NotFound, "not_found"),
        (409, "Conflict", "", Conflict, "conflict"),
        (400, "ModelValidationFailure", "Cannot convert", Rejected, "rejected"),
        (403, "Authorization_RequestDenied", "Insufficient privileges", Forbidden, "permission_missing"),
        (401, "InvalidAuthenticationToken", "expired", SignInFailed, "token_refused"),
        (403, "Authorization_IdentityNotFound", "", SignInFailed, "consent_missing"),
    ],
)
def test_an_answer_becomes_the_error_its_reader_can_act_on(status, code, message, kind, ours):
    made = error_from_answer(status, {}, error(code, message))
    assert type(made) is kind
    assert (made.code, made.status, made.request_id) == (ours, status, "from-body")
    assert made.sentence.endswith(".")


def test_intunes_json_inside_the_message_names_the_permissions_and_nothing_internal():
    made = error_from_answer(403, {"request-id": "r1"}, error("Forbidden", json.dumps(INTUNE)))
    assert made.permissions == (
        "DeviceManagementConfiguration.Read.All",
        "DeviceManagementConfiguration.ReadWrite.All",
    )
    assert "manage.microsoft.com" not in made.sentence
    twice = {"ErrorCode": "Forbidden", "Message": json.dumps(INTUNE)}
    assert isinstance(error_from_answer(401, {}, error("UnknownError", json.dumps(twice))), Forbidden)


# (status, code, message, ours). The exact texts, each as its source in graph/not_offered.py quotes it.
NOT_OFFERED = [
    (400, "BadRequest", "Resource not found for the segment 'inventoryPolicies'.", "unknown_segment"),
    (404, "BadRequest", "No OData route exists that match template ~/singleton/navigation/key/x", "no_route"),
    (400, "No method match route template", "No OData route exists that match template ~/x", "no_route"),
    (400, "BadRequest", "Request not applicable to target tenant.", "intune_not_available"),
    (403, "Forbidden", "Your tenant is not licensed for this feature.", "not_licensed"),
    (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
     "Neither tenant is B2C or tenant doesn't have premium license", "entra_p1_missing"),
    (400, "BadRequest", "1039: Cannot create or update policies with premium P2 features. Upgrade to a premium P2 "
     "license and try again.", "entra_p2_missing"),
    (403, "AccessDenied", "AadPremiumLicenseRequired", "entra_premium_missing"),
    (500, "InternalServerError", "AppLifecycle_2210: no licence", "intune_apps_not_licensed"),
    (400, "BadRequest", "Windows Store repository apps feature is not supported for this tenant",
     "store_apps_not_supported"),
    (501, "NotSupported", "Exchange connectors are retired.", "retired"),
    (500, "HostNotFound", "", "not_deployed"),
    (404, "TenantDeploymentNotFound", "", "not_deployed"),
]  # fmt: skip


@pytest.mark.parametrize("is_nested", [False, True])
@pytest.mark.parametrize(("status", "code", "message", "ours"), NOT_OFFERED)
def test_what_a_tenant_or_its_cloud_does_not_offer_is_told_from_what_it_refuses(status, code, message, ours, is_nested):
    said = (
        json.dumps({"_version": 3, "Message": f"{message} - Operation ID (for support): 0"}) if is_nested else message
    )
    made = error_from_answer(status, {}, error(code, said))
    assert (type(made), made.code, made.status) == (NotAvailable, ours, status)
    assert made.sentence.endswith(".")
    assert "{" not in made.sentence


def test_every_reason_for_not_offered_is_held_by_words_that_were_seen():
    assert {ours for *_, ours in NOT_OFFERED} == {reason.code for reason in not_offered.REASONS}


def test_the_segment_that_graph_does_not_know_is_named():
    assert "“inventoryPolicies”" in error_from_answer(400, {}, error("BadRequest", NOT_OFFERED[0][2])).sentence


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (400, "NotSupported", "SecretReferenceValueId invalid for create.", Rejected),
        (403, "Forbidden", "License", Forbidden),
        (500, "InternalServerError", "An internal server error has occurred - Operation ID", Unavailable),
        (501, "NotImplemented", "", Rejected),
        (503, "ServiceUnavailable", "Resource not found for the segment 'x'", Unavailable),
        (404, "ResourceNotFound", "Resource 'x' does not exist", NotFound),
    ],
)
def test_what_only_looks_like_not_offered_is_a_refusal_like_any_other(status, code, message, kind):
    assert type(error_from_answer(status, {}, error(code, message))) is kind


BROKER = "Rate limit reached because of too many requests to query broker. Please retry after sometime."


@pytest.mark.parametrize(
    ("status", "headers", "body", "wait"),
    [
        (429, {"Retry-After": "2.128"}, error("TooManyRequests", "Please retry again later."), 2.128),
        (429, {}, None, None),
        (500, {}, {"error": {"message": BROKER}}, None),
        (500, {}, error("InternalServerError", json.dumps({"_version": 3, "Message": BROKER})), None),
        (500, {}, error("X", json.dumps({"Message": BROKER, "RetryAfter": 12, "HttpHeaders": "{}"})), 12),
        (500, {}, error("X", json.dumps({"Message": BROKER, "HttpHeaders": '{"Retry-After": "9"}'})), 9),
        (503, {}, error("Request_ThrottledTemporarily", "Your request is throttled temporarily."), None),
        (503, {"retry-after": "20"}, None, 20),
        (509, {}, None, None),
        (400, {}, error("activityLimitReached", ""), None),
        (403, {"Retry-After": "3"}, error("RequestThrottled", "x"), 3),
        (500, {}, error("tooManyRequests", ""), None),
    ],
)
def test_graph_asks_to_wait_in_more_words_than_one(status, headers, body, wait):
    made = error_from_answer(status, headers, body)
    assert (type(made), made.code, made.retry_after) == (Throttled, "throttled", wait)


def test_what_intunes_back_end_said_in_headers_never_hides_what_graph_said():
    inner = json.dumps({"Message": BROKER, "HttpHeaders": '{"retry-after": "9"}'})
    assert error_from_answer(429, {"Retry-After": "2"}, error("X", inner)).retry_after == 2


def test_an_approval_that_only_the_back_ends_headers_name_is_one():
    inner = json.dumps({"Message": "wait", "HttpHeaders": '{"x-msft-approval-code": "a-1"}'})
    assert error_from_answer(412, {}, error("PreconditionFailed", inner)).approval == "a-1"


def test_an_approval_that_only_the_words_name_is_one():
    code = "aabb1234-5678-9012-abcd-ef0123456789"
    words = f"Approval Required. Request Approval using the request ID. x-msft-approval-code: {code}"
    assert error_from_answer(403, {}, error("ApprovalRequired", words)).approval == code


@pytest.mark.parametrize(
    ("headers", "body", "is_part"),
    [
        ({}, {"error": {"code": "UnknownError", "message": ""}}, False),
        ({"x-ms-ags-diagnostic": "{}"}, None, False),
        ({}, "<html>", True),
    ],
)
def test_a_refusal_of_graphs_without_a_word_is_unclear_and_names_no_permission(headers, body, is_part):
    made = error_from_answer(403, headers, body, is_part=is_part)
    assert (type(made), made.code) == (Unclear, "refused_unclear")


def test_retry_after_is_read_in_each_form_graph_uses():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert (retry_after("2.128"), retry_after("3")) == (2.128, 3.0)
    assert 25 < retry_after(soon) <= 30


@pytest.mark.parametrize("text", [None, "", "soon"])
def test_a_retry_after_that_is_missing_or_nonsense_is_none(text):
    assert retry_after(text) is None


@pytest.mark.parametrize("body", [None, [], "x", {"error": "x"}])
@pytest.mark.parametrize("status", [301, 403, 404, 407, 418])
def test_a_refusal_that_says_nothing_as_graph_does_is_not_graphs(status, body):
    assert error_from_answer(500, {}, body).code == "unavailable"
    assert error_from_answer(429, {}, body).code == "throttled"
    made = error_from_answer(status, {}, body)
    assert (made.code, type(made)) == ("not_graph", Malformed)
    assert "proxy" in made.sentence


def test_an_error_whose_words_are_no_words_is_still_an_error():
    assert error_from_answer(418, {}, {"error": {"code": 7, "message": ["x"]}}).code == "rejected"


@pytest.mark.parametrize("status", [0, -1, 101, 200, 302, 600, 999])
def test_a_status_that_is_no_refusal_is_malformed(status):
    assert isinstance(error_from_answer(status, {}, {"error": {"code": "x", "message": "y"}}), Malformed)


def test_what_a_header_says_is_kept_as_far_as_it_can_be_an_id():
    body = {"error": {"code": "Bad\x00Code" + "x" * 10_000, "message": "no"}}
    made = error_from_answer(400, {"request-id": "r\x00\x1b[31m" + "é" * 5 + "1" * 10_000}, body)
    assert made.request_id.startswith("r[31m111")
    assert len(made.request_id) <= 80
    assert len(made.sentence) < 200
    assert made.sentence.isprintable()
    assert error_from_answer(403, {"x-msft-approval-code": "../../groups"}, body).code == "permission_missing"


@pytest.mark.parametrize(
    "text",
    ["-1", "0", "nan", "soon", "9" * 5, "1e9", "1e400", "Mon, 01 Jan 99999 00:00:00 GMT",
     "Mon, 01 Jan 1990 00:00:00 GMT",
     "Mon, 01 Jan 2900 00:00:00 GMT", "\x00", "x" * 10_000, "1 Jan 2020 00:00:00 +9999"],
)  # fmt: skip
def test_no_wait_is_endless_or_over_before_it_began(text):
    wait = retry_after(text)
    assert wait is None or 0 < wait <= 3600


@pytest.mark.parametrize(
    "secret",
    [
        "Bearer eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiIwMDAwMDAwMyJ9.c2lnbmF0dXJl",
        "client_secret=fAb8Q~very.secret-value",
        '"password": "hunter2hunter2"',
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
    ],
)
def test_what_may_be_a_secret_is_masked_and_the_rest_stays(secret):
    masked = redact(f"before {secret} after")
    assert masked.startswith("before ")
    assert masked.endswith(" after")
    assert "[masked]" in masked
    assert not any(part in masked for part in ("eyJhdWQ", "very.secret", "hunter2", "MIIEvQ"))


def test_ids_stay_readable():
    text = "run 72f988bf-86f1-41af-91ab-2d7cd011db47 deviceManagement/configurationPolicies"
    assert redact(text) == text


@pytest.fixture
def nothing_known(monkeypatch):
    monkeypatch.setattr(errors, "_known_secrets", ())


def test_of_two_known_secrets_the_longer_is_masked_whole(nothing_known):
    register_secrets(["abcdefgh"])
    register_secrets(["abcdefgh-and-more"])
    assert redact("it is abcdefgh-and-more, or abcdefgh") == "it is [masked], or [masked]"


def test_a_known_secret_is_masked_as_json_writes_it_too(nothing_known):
    secret = 'quoted"back\\slash\nline'
    register_secrets([secret])
    assert redact(json.dumps({"message": f"it is {secret}"})) == '{"message": "it is [masked]"}'


def test_secrets_are_learnt_while_other_threads_write_their_lines(nothing_known):
    done = threading.Event()

    def learn():
        for number in range(300):
            register_secrets([f"learnt-{number:08}"])
        done.set()

    thread = threading.Thread(target=learn)
    thread.start()
    while not done.is_set():
        redact("a line")
    thread.join()
    assert redact("learnt-00000299") == "[masked]"
