"""Errors of the API: RFC 9457 documents (`application/problem+json`) for everything that is not as it should be."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from flask import g, request
from pydantic import BaseModel, Field, ValidationError
from werkzeug.exceptions import HTTPException

from db.errors import Invalid, SwitchedOff
from web.api import addresses
from web.security.headers import Utf8Response

PATH = "/api/v1/"
MEDIA_TYPE = "application/problem+json"
# Of each field at most so many: who sends a thousand wrong values learns enough.
MOST_ERRORS = 50

SENTENCES = {
    400: "The request was not understood.",
    401: "Send a token that is valid: Authorization: Bearer tk_…",
    403: "The token may not do this.",
    404: "There is nothing at this address.",
    405: "This address cannot be used with this method.",
    406: "The API answers in JSON. Accept application/json.",
    409: "Somebody was changing the same at the same moment, and went first. Look, and try again.",
    413: "The body of the request is too large.",
    415: "Send the body as JSON, with Content-Type: application/json.",
    422: "The body of the request is not as it has to be.",
    429: "Too many requests. Wait as long as Retry-After says.",
    500: "Something went wrong on our side. If it stays, give your admin the request id.",
    503: "Tenantkeep is not available just now. Try again in a minute.",
}


class FieldError(BaseModel):
    """One field that is not as it has to be."""

    field: str = Field(description="The name of the field; dots lead into what it holds.")
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str = Field(
        description="The address of what this installation says about such errors.", json_schema_extra={"format": "uri"}
    )
    title: str
    status: int
    detail: str = Field(description="One sentence: what is wrong, and what to do.")
    request_id: str = Field(description="What the log of the installation calls this request.")
    errors: list[FieldError] = Field(default=[], description="Of 400 and 422: each field that is wrong.")


class ProblemError(HTTPException):
    """A refusal with its status, sentence and fields, raised wherever a route finds it."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code, self.errors, self.headers = status, errors, dict(headers or {})


def is_api_request() -> bool:
    """Is the request one of a program, whatever becomes of it? An address below the API's that is none counts too."""
    return request.path.startswith(PATH) or request.path == PATH.rstrip("/")


def of_error(error: HTTPException) -> Utf8Response:
    """Answer an error of HTTP, ours or Werkzeug's own."""
    status = error.code or 500
    said = error.description or "" if _is_ours(error) else ""
    errors = error.errors if isinstance(error, ProblemError) else ()
    answer = answer_problem(status, said, errors)
    for name, value in error.get_headers() if not isinstance(error, ProblemError) else error.headers.items():
        if name not in ("Content-Type", "Content-Length"):
            answer.headers[name] = value
    return answer


def of_invalid(error: Invalid) -> Utf8Response:
    """Answer a request that is well formed and cannot be carried out: its sentence says what to change."""
    return answer_problem(409 if isinstance(error, SwitchedOff) else 422, str(error))


def _is_ours(error: HTTPException) -> bool:
    """Has the error a sentence that somebody wrote for it? Werkzeug's own help nobody."""
    return isinstance(error, ProblemError) or error.description != type(error).description


def answer_problem(status: int, detail: str = "", errors: Sequence[FieldError] = ()) -> Utf8Response:
    title = HTTPStatus(status).phrase
    problem = Problem(
        type=f"{addresses.base()}/api/docs#status-{status}",
        title=title,
        status=status,
        detail=detail or SENTENCES.get(status, SENTENCES[500 if status >= 500 else 400]),
        request_id=g.get("request_id", ""),
        errors=list(errors),
    )
    document = problem.model_dump(exclude={"errors"} if not errors else None)
    answer = Utf8Response(json.dumps(document, ensure_ascii=False) + "\n", status, mimetype=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Tenantkeep"'
    return answer


def field_errors(error: ValidationError) -> list[FieldError]:
    """Return what Pydantic found, without the values: there may be a secret among them."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        FieldError(field=".".join(map(str, each["loc"])) or "(body)", message=each["msg"])
        for each in found[:MOST_ERRORS]
    ]
