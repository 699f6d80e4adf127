"""The address of Microsoft's consent page, and what each of its answers means."""

from urllib.parse import parse_qs, urlsplit

import pytest

from graph.auth.clouds import Cloud, endpoints
from graph.auth.consent import ANY_DIRECTORY, ConsentAnswer, admin_consent_url, read_consent_answer

DIRECTORY, CLIENT = "33333333-3333-4333-8333-333333333333", "44444444-4444-4444-8444-444444444444"
RETURN = "https://tenantkeep.example.com/connect/return"


def where(cloud=Cloud.GLOBAL):
    return endpoints(cloud, login_url="https://login.microsoftonline.com", graph_url="https://graph.microsoft.com")


def test_address_asks_for_the_app_roles_in_the_cloud_of_the_tenant():
    address = urlsplit(admin_consent_url(where(), DIRECTORY.upper(), CLIENT, RETURN, "a state&more"))
    assert f"{address.scheme}://{address.netloc}{address.path}" == (
        f"https://login.microsoftonline.com/{DIRECTORY}/v2.0/adminconsent"
    )
    assert parse_qs(address.query) == {
        "client_id": [CLIENT],
        "scope": ["https://graph.microsoft.com/.default"],
        "redirect_uri": [RETURN],
        "state": ["a state&more"],
    }
    assert "/organizations/v2.0/" in admin_consent_url(where(), ANY_DIRECTORY, CLIENT, RETURN, "s")
    assert "login.microsoftonline.us" in admin_consent_url(where(Cloud.US_GOV), DIRECTORY, CLIENT, RETURN, "s")
    for wrong in ("common", "contoso.com", "../evil"):
        with pytest.raises(ValueError):
            admin_consent_url(where(), wrong, CLIENT, RETURN, "s")


def test_only_an_answer_without_an_error_is_consent():
    consent = {"admin_consent": "True", "tenant": DIRECTORY.upper(), "state": "s", "scope": "x"}
    assert read_consent_answer(consent) == ConsentAnswer(DIRECTORY, "s")
    assert read_consent_answer({**consent, "tenant": "nonsense"}).directory_id is None
    for lacking in ({}, {"state": "s"}, {"admin_consent": "False", "state": "s"}):
        assert read_consent_answer(lacking).error_code == "consent_failed"


@pytest.mark.parametrize(
    ("error", "description", "code", "words"),
    [
        ("consent_required", "AADSTS65004: The resource owner declined", "consent_declined", "declined"),
        ("permission_denied", "The admin canceled the request", "consent_declined", "declined"),
        ("access_denied", "AADSTS90094: grant requires admin permission.", "consent_missing", "may grant consent"),
        ("invalid_request", "AADSTS50194: Application is not multi-tenant", "app_not_shared", "one directory only"),
        ("invalid_request", "AADSTS500113: No reply address", "redirect_missing", "redirect URI"),
        ("invalid_request", "AADSTS50011: mismatch", "redirect_missing", "redirect URI"),
        ("interaction_required", "AADSTS50020: User account from", "account_not_here", "guest or personal"),
        ("unauthorized_client", "AADSTS700016: Application not found", "app_unknown", "wrong directory"),
        ("server_error", "AADSTS650051: principal name is already present", "consent_under_way", "half a minute"),
        ("invalid_tenant", "AADSTS5000224: unavailable", "directory_gone", "deleted"),
        ("access_denied", "AADSTS53003: blocked by CA", "sign_in_blocked", "Conditional Access"),
        ("consent_required", "", "consent_missing", "may grant consent"),
        ("strange", "AADSTS123456: <script>x</script>", "consent_failed", "AADSTS123456"),
    ],
)
def test_each_refusal_says_what_to_do_and_repeats_nothing(error, description, code, words):
    """`admin_consent=True` comes with refusals too."""
    answer = read_consent_answer(
        {"admin_consent": "True", "tenant": DIRECTORY, "state": "s", "error": error, "error_description": description}
    )
    assert answer.error_code == code
    assert words in answer.sentence
    assert "<script>" not in answer.sentence
