"""Errors of the API are RFC 9457 documents, also those that no route of it answers."""

import peewee as pw

from db.accounts import api_tokens
from db.encryption import SealError
from db.errors import SwitchedOff


def test_whatever_goes_wrong_is_a_problem_document_with_a_sentence_and_no_details(app, cast, api, monkeypatch):
    app.config["PROPAGATE_EXCEPTIONS"] = False
    program = api(cast.rita)
    raised = {
        500: ValueError("secret"),
        503: pw.OperationalError("secret"),
        409: SwitchedOff("Contoso is switched off."),
    }
    for status, error in {**raised, 599: SealError("This content cannot be opened.")}.items():

        def fail(*_args, error=error):
            raise error

        monkeypatch.setattr(api_tokens, "record_use", fail)
        answer = program.get("/me")
        assert (answer.status_code, answer.mimetype) == (min(status, 503), "application/problem+json")
        assert "secret" not in answer.get_data(as_text=True)


def test_an_address_that_there_is_not_is_told_in_the_language_of_the_api(client):
    for path in ("/api/v1", "/api/v1/", "/api/v1/nothing", "/api/v1/tenants/"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), path
    assert client.get("/api/v1x").mimetype == "text/html"
