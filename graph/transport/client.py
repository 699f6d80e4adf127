"""The HTTP client for Microsoft Graph. It asks once, raises what went wrong, and never sleeps: the queue waits.

Policies are read from, and written to, /beta: v1.0 lacks some Intune types and drops their scope tags.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import requests

from graph.errors import (
    GraphError,
    Malformed,
    Rejected,
    SignInFailed,
    Throttled,
    Unavailable,
    Unclear,
    error_from_answer,
)
from graph.transport import deadline, outbound, paths, strict_json
from graph.transport.batch_parts import index_parts, part_status
from graph.transport.object_links import make_links_absolute
from graph.transport.observer import BATCH, NOBODY, CallObserver
from graph.transport.pages import check_page_is_new, next_link, page_items, require_id
from graph.transport.rate_limits import DEFAULT_WAIT, NEVER_IN_A_BATCH, Budget, service_of, services_of, within_budget

# token(fresh) -> bearer token. `fresh` asks for a new one, after Graph refused the last.
Token = Callable[[bool], str]
BeforeSending = Callable[[], None]

VERSION = "/beta"
REQUEST_ID = "client-request-id"
BATCH_SIZE = 20  # learn.microsoft.com: JSON batching
TIMEOUT = (5, 60)
# Stands in a path for the directory id of the tenant that is asked.
DIRECTORY = "{directory}"
ASTRAY_SENTENCE = "An id in it would have led the request to another place of the tenant. Nothing was sent."

# Without `Prefer` Graph hides the newer members of its enums behind `unknownFutureValue`, and a backup would keep that.
HEADERS = {"Accept": "application/json", "Prefer": "include-unknown-enum-members"}
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Request:
    """`path` is below /beta, or a page link that Graph gave. Links in a body (@odata.id, …@odata.bind) are, too."""

    path: str
    method: str = "GET"
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # Its answer is a new object: sent twice, it creates two.
    creates: bool = False
    # For a file: the body, here and in an answer, is {"value": base64}, with a "type" (learn.microsoft.com: JSON
    # batching).
    is_media: bool = False
    # Of a request outside a $batch: what `path` is below.
    version: str = VERSION

    @property
    def is_write(self) -> bool:
        return self.method != "GET"


# A request that a reading or a restore wants next; a bare path is a GET.
Ask = str | Request


def to_request(ask: Ask) -> Request:
    return Request(ask) if isinstance(ask, str) else ask


@dataclass(frozen=True)
class Answer:
    """The answer to one request of a batch: its body (empty after many writes), or what went wrong."""

    body: dict[str, Any] | None = None
    error: GraphError | None = None

    def require_body(self) -> dict[str, Any]:
        """Return the body. Raises the answer's error, or Malformed when there is neither."""
        if self.error is not None:
            raise self.error
        if self.body is None:
            raise Malformed("malformed", "Microsoft Graph's answer is empty.")
        return self.body


class GraphClient:
    """A client for one tenant. `requests_made` counts as Graph's limits do: each part of a $batch is one."""

    def __init__(
        self,
        graph_url: str,
        token: Token,
        *,
        session: requests.Session | None = None,
        budget: Budget | None = None,
        directory: str = "",
        observer: CallObserver = NOBODY,
    ) -> None:
        self._base, self._token, self._budget = graph_url.rstrip("/"), token, budget
        self._directory, self._observer = directory, observer
        self._session = session or deadline.new_session()
        self.requests_made = 0
        self.http_calls = 0

    def sign_in(self) -> None:
        """Fetch a token now. Raises SignInFailed, which would else come with the first request."""
        self._token(False)

    def get(self, path: str) -> dict[str, Any]:
        """Read one object or page; `path` is below /beta, or a page link that Graph gave. Raises GraphError."""
        try:
            return self._get(path)
        except Unclear:
            pass
        try:
            return self._get(path)
        except Unclear as e:
            raise e.as_rejected() from e

    def _get(self, path: str) -> dict[str, Any]:
        request = Request(path)
        url = self._url(request)
        with within_budget(self._budget, [request]):
            self.requests_made += 1
            try:
                return self._send_signed("GET", url)
            except Throttled as e:
                self._report_throttling(request, e)
                raise

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the items of every page. Raises Malformed when the page links lead nowhere new, or on for ever."""
        seen: set[str] = set()
        next_path: str | None = path
        while next_path:
            check_page_is_new(seen, next_path)
            page = self.get(next_path)
            yield from page_items(page)
            next_path = next_link(page)

    def batch(self, asks: Sequence[Ask], before_sending: BeforeSending | None = None) -> list[Answer]:
        """Send up to twenty requests in one call; return the answers in the order asked.

        Each succeeds or fails by itself. `before_sending` is called when the shared budget has let them through: what
        it raises ends the call, and nothing is sent.

        Raises GraphError when the call as a whole failed: what became of its writes is then unknown. A single request
        to a service that is never in a $batch goes as it is.
        """
        all_requests = [to_request(ask) for ask in asks]
        if len(all_requests) == 1 and service_of(all_requests[0].path) in NEVER_IN_A_BATCH:
            return [self._send_alone(all_requests[0], before_sending)]
        # A link that leads elsewhere fails by itself; the other requests of the call are sent without it.
        foreign = {
            number: error for number, request in enumerate(all_requests) if (error := self._reason_not_to_send(request))
        }
        requests = [request for number, request in enumerate(all_requests) if number not in foreign]
        answered = iter(self._batch_with_repeats(requests, before_sending) if requests else ())
        return [
            Answer(error=foreign[number]) if number in foreign else next(answered)
            for number in range(len(all_requests))
        ]

    def _send_alone(self, request: Request, before_sending: BeforeSending | None) -> Answer:
        """Send a request outside a $batch; once more where a read was refused without a reason."""
        first = self._send_alone_once(request, before_sending)
        if not _is_worth_repeating(request, first.error):
            return first
        return _with_final_error(self._send_alone_once(request, before_sending))

    def _send_alone_once(self, request: Request, before_sending: BeforeSending | None) -> Answer:
        try:
            url = self._url(request)
            body = make_links_absolute(request.body, self._base + VERSION)
            with self._admitted([request], before_sending):
                document = self._send_signed(request.method, url, body, request.headers)
            return Answer(body=_answer_body(document, request))
        except GraphError as e:
            if isinstance(e, Throttled) and e.code != "budget":
                self._report_throttling(request, e)
            return Answer(error=e)

    def _batch_with_repeats(self, requests: Sequence[Request], before_sending: BeforeSending | None) -> list[Answer]:
        """Send a $batch, then again its parts whose token was refused, and its reads that were refused without a
        reason.
        """
        answers = self._batch_once(requests, before_sending)
        again = [
            number for number, request in enumerate(requests) if _is_worth_repeating(request, answers[number].error)
        ]
        if any(_is_token_refused(answers[number].error) for number in again):
            self._token(True)
        repeated = self._repeat_batch([requests[number] for number in again])
        for number, second in zip(again, repeated, strict=True):
            answers[number] = second if requests[number].is_write else _with_final_error(second)
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer.error, Throttled) and answer.error.code != "budget":
                self._report_throttling(request, answer.error)
        return answers

    def _repeat_batch(self, requests: Sequence[Request]) -> list[Answer]:
        """Send requests a second time.

        An error is an answer here: the other requests of the call have theirs already.
        """
        try:
            return self._batch_once(requests) if requests else []
        except GraphError as e:
            return [Answer(error=e)] * len(requests)

    @contextmanager
    def _admitted(self, requests: Sequence[Request], before_sending: BeforeSending | None) -> Iterator[None]:
        with within_budget(self._budget, requests):
            if before_sending:
                before_sending()
            self.requests_made += len(requests)
            yield

    def _report_throttling(self, request: Request, error: Throttled) -> None:
        """Tell everybody who shares the budget how long Graph wants them to wait."""
        service = services_of(request.method, request.path)[-1]
        if error.retry_after is None:
            error.retry_after = DEFAULT_WAIT[service]
        if self._budget:
            self._budget.refused(service, error.retry_after)

    def _batch_once(self, requests: Sequence[Request], before_sending: BeforeSending | None = None) -> list[Answer]:
        if len(requests) > BATCH_SIZE:
            raise ValueError(f"a $batch holds at most {BATCH_SIZE} requests")
        parts = [self._batch_part(number, request) for number, request in enumerate(requests)]
        with self._admitted(requests, before_sending):
            try:
                whole = self._send_signed("POST", f"{self._base}{VERSION}/$batch", {"requests": parts})
            except Throttled as e:
                for request in requests:
                    self._report_throttling(request, e)
                raise
        if not isinstance(responses := whole.get("responses"), list):
            raise Malformed("malformed", "Microsoft Graph's answer to a $batch has no responses.")
        by_id = index_parts(responses)
        found = [by_id.get(str(number)) for number in range(len(requests))]
        for each, part in zip(requests, found, strict=True):
            self._observer.answered_part(service_of(each.path), part_status(part))
        return list(map(_part_answer, found, requests))

    def _batch_part(self, number: int, request: Request) -> dict[str, Any]:
        headers = {**HEADERS, **request.headers}
        part = {"id": str(number), "method": request.method, "url": self._relative(request.path), "headers": headers}
        if request.body is None:
            return part
        if request.is_media:
            return {**part, "headers": {**headers, "Content-Type": request.body["type"]}, "body": request.body["value"]}
        body = make_links_absolute(request.body, self._base + VERSION)
        return {**part, "headers": {**headers, "Content-Type": "application/json"}, "body": body}

    def _url(self, request: Request) -> str:
        error = self._reason_not_to_send(request)
        if error:
            raise error
        path = request.path
        return (
            path
            if path.startswith("http")
            else f"{self._base}{request.version}{path}".replace(DIRECTORY, self._directory)
        )

    def _relative(self, path: str) -> str:
        """Return the address of a $batch part, relative to /beta. A page link is cut, and never encoded anew."""
        relative = "/" + path.removeprefix(self._base).split("/", 2)[2] if path.startswith("http") else path
        return relative.replace(DIRECTORY, self._directory)

    def _reason_not_to_send(self, request: Request) -> Rejected | None:
        """Return why a request must not be sent. A link to another host would be handed our bearer token."""
        path = request.path
        if not path.startswith("http"):
            is_astray = paths.is_path_astray(path) or any(map(paths.is_link_astray, paths.find_links(request.body)))
            return Rejected("astray", ASTRAY_SENTENCE) if is_astray else None
        is_ours = re.match(rf"{re.escape(self._base)}/[\w.]+/", path) and not request.is_write
        if is_ours and not paths.is_page_astray(path):
            return None
        return Rejected("foreign_link", "Microsoft Graph sent a page link to another host. It was not followed.")

    def _send_signed(
        self, method: str, url: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> dict[str, Any]:
        try:
            return self._send(method, url, body, headers, self._token(False))
        except SignInFailed as e:
            if e.code != "token_refused":
                raise
        return self._send(method, url, body, headers, self._token(True))

    def _send(
        self, method: str, url: str, body: Mapping[str, Any] | None, headers: Mapping[str, str], token: str
    ) -> dict[str, Any]:
        headers = {
            **HEADERS,
            REQUEST_ID: str(uuid.uuid4()),
            **headers,
            "Authorization": f"Bearer {token}",
        }
        self.http_calls += 1
        service = BATCH if url.endswith("/$batch") else service_of(url)
        try:
            with (
                self._observer.calling(service, method) as call,
                self._session.request(
                    method, url, json=body, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False
                ) as response,
            ):
                status, answer_headers = response.status_code, response.headers
                call.status = str(status)
                text = strict_json.read_bounded(response.iter_content(65536))
        except requests.exceptions.ContentDecodingError as e:
            raise Malformed("malformed", strict_json.MALFORMED) from e
        except requests.RequestException as e:
            raise _connection_error(e) from e
        if status == 204 and method != "GET":
            return {}
        return _parse_answer(status, answer_headers, text)


def _connection_error(error: requests.RequestException) -> Unavailable:
    """Tell a timeout from a lost connection. A body that stops coming is one too, which `requests` calls a lost one."""
    if trouble := outbound.explain(error, "Microsoft Graph"):
        return Unavailable(*trouble)
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return Unavailable("timeout", "Microsoft Graph did not answer in time.")
    return Unavailable("unreachable", "Microsoft Graph cannot be reached. Check the network and the proxy.")


def _parse_answer(status: int, headers: Mapping[str, str], text: bytes) -> dict[str, Any]:
    try:
        document = strict_json.parse(text)
    except Malformed:
        if 200 <= status < 300:
            raise
        document = None
    if 200 <= status < 300 or (status == 424 and isinstance(document, dict) and "responses" in document):
        return _require_object(document)
    raise error_from_answer(status, headers, document)


def _require_object(document: Any) -> dict[str, Any]:
    """Return a JSON object that is no error. Raises Malformed: Graph sends errors with a status of their own."""
    if not isinstance(document, dict) or isinstance(document.get("error"), dict):
        raise Malformed("malformed", strict_json.MALFORMED)
    return document


def _part_answer(part: Mapping[str, Any] | None, request: Request) -> Answer:
    status = part.get("status") if part else None
    if part is None or not isinstance(status, int) or isinstance(status, bool):
        return Answer(error=Malformed("unanswered", "Microsoft Graph left a part of a $batch unanswered."))
    body, headers = part.get("body"), part.get("headers")
    try:
        if not 200 <= status < 300:
            raise error_from_answer(status, headers if isinstance(headers, dict) else {}, body, is_part=True)
        return Answer(body=_answer_body(body, request))
    except GraphError as e:
        return Answer(error=e)


def _answer_body(body: Any, request: Request) -> dict[str, Any]:
    """Return the object that was read or created.

    Raises Malformed if there is none; other writes may answer nothing.
    """
    if request.is_write and not (request.creates and request.method == "POST"):
        return body if isinstance(body, dict) else {}
    if body in (None, ""):
        raise Malformed("no_body", strict_json.MALFORMED)
    if request.is_media and isinstance(body, str):
        return {"value": body}
    document = _require_object(body)
    if request.creates:
        require_id(document)
    return document


def _is_token_refused(error: GraphError | None) -> bool:
    return isinstance(error, SignInFailed) and error.code == "token_refused"


def _with_final_error(answer: Answer) -> Answer:
    return Answer(error=answer.error.as_rejected()) if isinstance(answer.error, Unclear) else answer


def _is_worth_repeating(request: Request, error: GraphError | None) -> bool:
    return _is_token_refused(error) or (isinstance(error, Unclear) and not request.is_write)
