"""One HTTP client for Microsoft Graph. It asks once, raises what went wrong, and never sleeps: waiting is the queue's.

Everything is read from, and written to, /beta: v1.0 lacks some Intune types and drops their scope tags.
"""

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import requests

from graph.errors import GraphError, Malformed, Rejected, SignInFailed, Throttled, Unavailable, Unclear, from_answer
from graph.transport import deadline, paths, strict_json
from graph.transport.object_links import with_addresses
from graph.transport.pages import id_of, items_of, next_link, note_page
from graph.transport.rate_limits import DEFAULT_WAIT, NEVER_IN_A_BATCH, Budget, service_of, services_of

# token(fresh): fresh asks for a new one, after Graph refused the one before.
Token = Callable[[bool], str]

VERSION = "/beta"
BATCH_SIZE = 20  # learn.microsoft.com: JSON batching
TIMEOUT = (5, 60)
# In a path: the id of the tenant that is asked.
DIRECTORY = "{directory}"
ASTRAY = "An id in it would have led the request to another place of the tenant. Nothing was sent."

# Without it Graph hides the members its enums grew behind `unknownFutureValue`, and a backup would keep that.
HEADERS = {"Accept": "application/json", "Prefer": "include-unknown-enum-members"}
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Request:
    """`path` below /beta, or a page link that Graph gave. So are the links in a body (@odata.id, …@odata.bind)."""

    path: str
    method: str = "GET"
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # Its answer is a new object: sent twice, it makes two.
    makes: bool = False
    # A file: its body, here and in an answer, is {"value": base64}, with a "type" (learn.microsoft.com: JSON batching).
    is_media: bool = False

    @property
    def is_write(self) -> bool:
        return self.method != "GET"


# What a reading or a restore wants next; a bare path is a GET.
Ask = str | Request


def request_of(ask: Ask) -> Request:
    return Request(ask) if isinstance(ask, str) else ask


@dataclass(frozen=True)
class Answer:
    """One request's answer inside a batch: its body (a write's may be empty), or what went wrong."""

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
    """`requests_made` counts as Graph's limits do: each part of a $batch is one."""

    def __init__(
        self,
        graph_url: str,
        token: Token,
        *,
        session: requests.Session | None = None,
        budget: Budget | None = None,
        directory: str = "",
    ) -> None:
        self._base, self._token, self._budget = graph_url.rstrip("/"), token, budget
        self._directory = directory
        self._session = session or new_session()
        self.requests_made = 0
        self.http_calls = 0

    def sign_in(self) -> None:
        """Raises SignInFailed now instead of at the first request."""
        self._token(False)

    def get(self, path: str) -> dict[str, Any]:
        """`path` below /beta, or a page link that Graph gave."""
        try:
            return self._get(path)
        except Unclear:
            pass
        try:
            return self._get(path)
        except Unclear as e:
            raise e.settled() from e

    def _get(self, path: str) -> dict[str, Any]:
        request = Request(path)
        url = self._url(request)
        self._take([request])
        try:
            return self._send_signed("GET", url)
        except Throttled as e:
            self._refused(request, e)
            raise

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of every page. Raises Malformed when its links lead nowhere new, or on for ever."""
        seen: set[str] = set()
        next_path: str | None = path
        while next_path:
            note_page(seen, next_path)
            page = self.get(next_path)
            yield from items_of(page)
            next_path = next_link(page)

    def batch(self, asks: Sequence[Ask]) -> list[Answer]:
        """Up to twenty requests in one call; the answers in the order asked. Each succeeds or fails by itself.

        Raises when the call as a whole failed: what became of its writes is then unknown. A single request to a service
        that is never in a $batch goes as it is.
        """
        given = [request_of(ask) for ask in asks]
        if len(given) == 1 and service_of(given[0].path) in NEVER_IN_A_BATCH:
            return [self._alone(given[0])]
        # A link that leads elsewhere is refused by itself: the others of the call know nothing of it.
        foreign = {number: error for number, one in enumerate(given) if (error := self._refusal(one))}
        requests = [one for number, one in enumerate(given) if number not in foreign]
        answered = iter(self._batch_renewed(requests) if requests else ())
        return [Answer(error=foreign[number]) if number in foreign else next(answered) for number in range(len(given))]

    def _alone(self, request: Request) -> Answer:
        """As it is; once more where a read was refused without a word."""
        first = self._alone_once(request)
        return _settled(self._alone_once(request)) if _is_worth_asking(request, first.error) else first

    def _alone_once(self, request: Request) -> Answer:
        try:
            url = self._url(request)
            self._take([request])
            body = with_addresses(request.body, self._base + VERSION)
            found = self._send_signed(request.method, url, body, request.headers)
            return Answer(body=_body_of_part(found, request))
        except GraphError as e:
            if isinstance(e, Throttled) and e.code != "budget":
                self._refused(request, e)
            return Answer(error=e)

    def _batch_renewed(self, requests: Sequence[Request]) -> list[Answer]:
        """Once more: with a new token where it was refused, and reads that were refused without a word."""
        answers = self._batch_once(requests)
        again = [number for number, request in enumerate(requests) if _is_worth_asking(request, answers[number].error)]
        if any(_token_refused(answers[number].error) for number in again):
            self._token(True)
        repeated = self._batch_again([requests[number] for number in again])
        for number, second in zip(again, repeated, strict=True):
            answers[number] = second if requests[number].is_write else _settled(second)
        for request, one in zip(requests, answers, strict=True):
            if isinstance(one.error, Throttled) and one.error.code != "budget":
                self._refused(request, one.error)
        return answers

    def _batch_again(self, requests: Sequence[Request]) -> list[Answer]:
        """What goes wrong with it is these requests' alone: the others of the call have their answers."""
        try:
            return self._batch_once(requests) if requests else []
        except GraphError as e:
            return [Answer(error=e)] * len(requests)

    def _take(self, requests: Sequence[Request]) -> None:
        if self._budget:
            self._budget.take(Counter(one for each in requests for one in services_of(each.method, each.path)))
        self.requests_made += len(requests)

    def _refused(self, request: Request, error: Throttled) -> None:
        """One that is refused is refused for all who share the budget."""
        service = services_of(request.method, request.path)[-1]
        if error.retry_after is None:
            error.retry_after = DEFAULT_WAIT[service]
        if self._budget:
            self._budget.refused(service, error.retry_after)

    def _batch_once(self, requests: Sequence[Request]) -> list[Answer]:
        if len(requests) > BATCH_SIZE:
            raise ValueError(f"a $batch holds at most {BATCH_SIZE} requests")
        self._take(requests)
        parts = [self._batch_part(number, request) for number, request in enumerate(requests)]
        try:
            whole = self._send_signed("POST", f"{self._base}{VERSION}/$batch", {"requests": parts})
        except Throttled as e:
            for request in requests:
                self._refused(request, e)
            raise
        responses = whole.get("responses")
        if not isinstance(responses, list):
            raise Malformed("malformed", "Microsoft Graph's answer to a $batch has no responses.")
        by_id = _by_id(responses)
        return [_part(by_id.get(str(number)), request) for number, request in enumerate(requests)]

    def _batch_part(self, number: int, request: Request) -> dict[str, Any]:
        headers = {**HEADERS, **request.headers}
        part = {"id": str(number), "method": request.method, "url": self._relative(request.path), "headers": headers}
        if request.body is None:
            return part
        if request.is_media:
            return {**part, "headers": {**headers, "Content-Type": request.body["type"]}, "body": request.body["value"]}
        body = with_addresses(request.body, self._base + VERSION)
        return {**part, "headers": {**headers, "Content-Type": "application/json"}, "body": body}

    def _url(self, request: Request) -> str:
        error = self._refusal(request)
        if error:
            raise error
        path = request.path
        return path if path.startswith("http") else f"{self._base}{VERSION}{path}".replace(DIRECTORY, self._directory)

    def _relative(self, path: str) -> str:
        """A batch part's address is relative to the version; a page link is cut, never encoded anew."""
        relative = "/" + path.removeprefix(self._base).split("/", 2)[2] if path.startswith("http") else path
        return relative.replace(DIRECTORY, self._directory)

    def _refusal(self, request: Request) -> Rejected | None:
        """Why a request is never sent. A link to another host would be handed our bearer token."""
        path = request.path
        if not path.startswith("http"):
            is_astray = paths.is_led_astray(path) or any(map(paths.is_link_astray, paths.links_in(request.body)))
            return Rejected("astray", ASTRAY) if is_astray else None
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
            **headers,
            "Authorization": f"Bearer {token}",
            "client-request-id": str(uuid.uuid4()),
        }
        self.http_calls += 1
        try:
            with self._session.request(
                method, url, json=body, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False
            ) as response:
                status, answer_headers = response.status_code, response.headers
                text = strict_json.read(response.iter_content(65536))
        except requests.Timeout as e:
            raise Unavailable("timeout", "Microsoft Graph did not answer in time.") from e
        except requests.exceptions.ContentDecodingError as e:
            raise Malformed("malformed", strict_json.MALFORMED) from e
        except requests.RequestException as e:
            raise _no_answer(e) from e
        if status == 204 and method != "GET":
            return {}
        return _checked(status, answer_headers, text)


def _no_answer(error: requests.RequestException) -> Unavailable:
    """A body that stops coming is a timeout too; requests calls it a lost connection."""
    if "timed out" in str(error):
        return Unavailable("timeout", "Microsoft Graph did not answer in time.")
    return Unavailable("unreachable", "Microsoft Graph cannot be reached. Check the network and the proxy.")


def _checked(status: int, headers: Mapping[str, str], text: bytes) -> dict[str, Any]:
    try:
        found = strict_json.parsed(text)
    except Malformed:
        if 200 <= status < 300:
            raise
        found = None
    if 200 <= status < 300 or (status == 424 and isinstance(found, dict) and "responses" in found):
        return _object(found)
    raise from_answer(status, headers, found)


def new_session() -> requests.Session:
    """A session that takes neither proxies' passwords nor another CA from the environment behind our back."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, deadline.adapter())
    return session


def _object(found: Any) -> dict[str, Any]:
    """Also not an error: Graph sends those with a status of their own."""
    if not isinstance(found, dict) or isinstance(found.get("error"), dict):
        raise Malformed("malformed", strict_json.MALFORMED)
    return found


def _by_id(responses: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """The parts of a $batch. Two of one id are none: nobody can say whose answer they are."""
    parts = [part for part in responses if isinstance(part, dict) and isinstance(part.get("id"), str)]
    times = Counter(part["id"] for part in parts)
    return {part["id"]: part for part in parts if times[part["id"]] == 1}


def _part(part: Mapping[str, Any] | None, request: Request) -> Answer:
    status = part.get("status") if part else None
    if part is None or not isinstance(status, int) or isinstance(status, bool):
        return Answer(error=Malformed("unanswered", "Microsoft Graph left a part of a $batch unanswered."))
    body, headers = part.get("body"), part.get("headers")
    try:
        if not 200 <= status < 300:
            raise from_answer(status, headers if isinstance(headers, dict) else {}, body, is_part=True)
        return Answer(body=_body_of_part(body, request))
    except GraphError as e:
        return Answer(error=e)


def _body_of_part(body: Any, request: Request) -> dict[str, Any]:
    """What was read, or what was made, is an object; of other writes the status says enough, and reading back all."""
    if request.is_write and not (request.makes and request.method == "POST"):
        return body if isinstance(body, dict) else {}
    if body in (None, ""):
        raise Malformed("no_body", strict_json.MALFORMED)
    if request.is_media and isinstance(body, str):
        return {"value": body}
    found = _object(body)
    if request.makes:
        id_of(found)
    return found


def _token_refused(error: GraphError | None) -> bool:
    return isinstance(error, SignInFailed) and error.code == "token_refused"


def _settled(answer: Answer) -> Answer:
    return Answer(error=answer.error.settled()) if isinstance(answer.error, Unclear) else answer


def _is_worth_asking(request: Request, error: GraphError | None) -> bool:
    return _token_refused(error) or (isinstance(error, Unclear) and not request.is_write)
