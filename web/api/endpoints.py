"""`@endpoint`: what every route of the API declares, and the one order in which a request goes through it.

Who asks (401), how often (429), in which language (406), with which right (403), with what (400, 413, 415, 422); then
the route's own work; then the answer, with its ETag where it has one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from flask import g, request
from flask_login import current_user
from pydantic import BaseModel, ConfigDict, ValidationError

from db.states import Scope
from web.api import rate_limit
from web.api.problems import MEDIA_TYPE, SENTENCES, ProblemError, field_errors
from web.security.access import can, deny
from web.security.headers import REVALIDATE, Utf8Response
from web.security.permissions import Permission

View = Callable[..., Any]
Endpoint = Callable[..., Utf8Response]
JSON = "application/json"


class Arguments(BaseModel):
    """The base of what a request carries, in its query or its body: a name that nobody knows is refused."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Declared:
    """The declaration of a route: enforced here, and described by web/api/openapi.py."""

    permission: Permission
    scope: Scope | None
    returns: Any
    status: int = 200
    query: type[Arguments] | None = None
    body: type[Arguments] | None = None
    has_etag: bool = False
    # Header -> what it says.
    headers: Mapping[str, str] = field(default_factory=dict)
    # Further headers that the request may carry, and what for.
    takes: Mapping[str, str] = field(default_factory=dict)
    # Statuses of refusals that not every route has.
    problems: tuple[int, ...] = ()


@dataclass(frozen=True)
class ApiAnswer:
    """A return value of a route, for when it has more to say than its document. `status` None: as declared."""

    document: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None


def endpoint(permission: Permission, scope: Scope | None, **declares: Any) -> Callable[[View], Endpoint]:
    """Declare and enforce what a route of the API needs and answers; further names are those of `Declared`.

    The view gets what it declares as `query` and `body`, parsed. `scope` None: any token will do.
    """
    declared = Declared(permission, scope, **declares)

    def declare(view: View) -> Endpoint:
        @wraps(view)
        def answered(**kwargs: Any) -> Utf8Response:
            _check(declared)
            answer = view(**kwargs, **_parsed(declared))
            return _response(declared, answer if isinstance(answer, ApiAnswer) else ApiAnswer(answer))

        answered.declared, answered.permission = declared, permission  # type: ignore[attr-defined]
        answered.scopes = frozenset({scope} if scope else Scope)  # type: ignore[attr-defined]
        return answered

    return declare


def _check(declared: Declared) -> None:
    if not current_user.is_authenticated:
        raise ProblemError(401, f"{g.get('refusal', '')} {SENTENCES[401]}".strip())
    rate_limit.count(current_user.token.id)
    if request.accept_mimetypes and not request.accept_mimetypes.best_match((JSON, MEDIA_TYPE)):
        raise ProblemError(406)
    if not can(declared.permission):
        deny(declared.permission)


def _parsed(declared: Declared) -> dict[str, Arguments]:
    parsed = {}
    if declared.query:
        parsed["query"] = _parse_query(declared.query)
    if declared.body:
        parsed["body"] = _parse_body(declared.body)
    return parsed


def _parse_query(model: type[Arguments]) -> Arguments:
    """Read the query: a name that stands there twice is a list, for a field that takes one."""
    lists = {name for name, info in model.model_fields.items() if "list[" in str(info.annotation)}
    values = {name: texts if name in lists else texts[-1] for name, texts in request.args.to_dict(flat=False).items()}
    try:
        return model.model_validate(values)
    except ValidationError as e:
        raise ProblemError(400, "The address asks for something that there is not.", field_errors(e)) from e


def _parse_body(model: type[Arguments]) -> Arguments:
    if request.mimetype != JSON:
        raise ProblemError(415)
    try:
        document = json.loads(request.get_data() or b"null")
    except (ValueError, RecursionError) as e:
        raise ProblemError(400, "The body of the request is not JSON.") from e
    try:
        return model.model_validate(document, strict=True)
    except ValidationError as e:
        raise ProblemError(422, errors=field_errors(e)) from e


def _response(declared: Declared, answer: ApiAnswer) -> Utf8Response:
    text = json.dumps(answer.document, ensure_ascii=False, separators=(",", ":")) + "\n"
    response = Utf8Response(text, answer.status or declared.status, mimetype=JSON, headers=dict(answer.headers))
    if declared.has_etag:
        response.add_etag()
        response.headers["Cache-Control"] = REVALIDATE
        response.make_conditional(request)
    return response
