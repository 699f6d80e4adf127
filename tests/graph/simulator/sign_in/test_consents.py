"""The page of admin consent: where each decision leads, as the client reads it."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from graph.auth.clouds import Cloud, endpoints
from graph.auth.consent import ANY_DIRECTORY, ConsentAnswer, admin_consent_url, read_consent_answer
from graph.errors import SignInFailed
from tests.graph.simulator.sign_in.conftest import APP, FIRST, HOME, RETURN, SECOND


@pytest.fixture
def visit(simulator, directories):
    """Visit the page: (status, its text, what came back by the redirect, or None)."""

    def visit(directory=FIRST, client_id=APP, redirect_uri=RETURN, **decision):
        where = endpoints(Cloud.GLOBAL, login_url=simulator, graph_url=simulator)
        address = admin_consent_url(where, directory, client_id, redirect_uri, "the state")
        answer = requests.get(address, params=decision, allow_redirects=False, timeout=60)
        query = parse_qs(urlsplit(answer.headers.get("Location", "")).query)
        values = {name: value for name, [value] in query.items()}
        return answer.status_code, answer.text, read_consent_answer(values) if values else None

    return visit


def test_whoever_agrees_grants_what_the_app_asks_for_in_that_directory_alone(visit, sign_in):
    with pytest.raises(SignInFailed):
        sign_in().token()
    _, page, answer = visit()
    assert "AuditLog.Read.All" in page
    assert "Accept for First" in page
    assert answer is None
    assert visit(decision="agree", as_directory=FIRST)[2] == ConsentAnswer(FIRST, "the state")
    held = sign_in()
    held.token()
    assert held.roles() == {"Policy.Read.All", "AuditLog.Read.All"}
    with pytest.raises(SignInFailed):
        sign_in(SECOND).token()


def test_a_refusal_comes_back_as_one_and_another_directory_as_itself(visit, sign_in):
    declined = visit(decision="refuse", as_directory=FIRST)[2]
    assert (declined.directory_id, declined.error_code) == (FIRST, "consent_declined")
    with pytest.raises(SignInFailed):
        sign_in().token()
    assert visit(decision="agree", as_directory=SECOND)[2] == ConsentAnswer(SECOND, "the state")
    assert sign_in(SECOND).token()
    assert visit(ANY_DIRECTORY, decision="agree", as_directory=FIRST)[2] == ConsentAnswer(FIRST, "the state")


@pytest.mark.parametrize(
    ("wrong", "number"),
    [
        ({"redirect_uri": RETURN + "/"}, "AADSTS50011"),
        ({"client_id": "dddddddd-9999-4999-8999-999999999999"}, "AADSTS700016"),
        ({"client_id": SECOND, "directory": HOME}, "AADSTS700016"),
        ({"directory": "dddddddd-9999-4999-8999-999999999999"}, "AADSTS90002"),
    ],
)
def test_what_entra_would_not_show_is_not_shown(visit, wrong, number):
    status, page, answer = visit(**wrong)
    assert (status, answer) == (400, None)
    assert number in page
