"""One HTTP client for Microsoft Graph. It asks once, raises what went wrong, and never sleeps: waiting is the queue's.

Everything is read from, and written to, /beta: v1.0 lacks some Intune types and drops their scope tags.
"""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from graph.errors import GraphError, Malformed, Rejected, SignInFailed, Throttled, Unavailable, from_answer
from graph.limits import DEFAULT_WAIT, Budget, services_of

# token(fresh): fresh asks for a new one, after Graph refused the one before.
Token = Callable[[bool], str]

VERSION = "/beta"
BATCH_SIZE = 20  # learn.microsoft.com: JSON batching
TIMEOUT = (5, 60)
LARGEST_ANSWER = 100 * 1024 * 1024

# Without it Graph hides the members its enums grew behind `unknownFutureValue`, and a backup would keep that.
HEADERS = {"Accept": "application/json", "Prefer": "include-unknown-enum-members"}


@dataclass(frozen=True)
class Request:
    """`path` below /beta, or a page link that Graph gave."""

    path: str
    method: str = "GET"
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # Its answer is a new object: sent twice, it makes two.
    makes: bool = False

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


class GraphClient:
    """`requests_made` counts as Graph's limits do: each part of a $batch is one."""

    def __init__(
        self,
        graph_url: str,
        token: Token,
        *,
        session: requests.Session | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._base, self._token, self._budget = graph_url.rstrip("/"), token, budget
        self._session = session or new_session()
        self.requests_made = 0
        self.http_calls = 0

    def sign_in(self) -> None:
        """Raises SignInFailed now instead of at the first request."""
        self._token(False)

    def get(self, path: str) -> dict[str, Any]:
        """`path` below /beta, or a page link that Graph gave."""
        url, request = self._url(path), Request(path)
        self._take([request])
        try:
            return self._send_signed("GET", url)
        except Throttled as e:
            self._refused(request, e)
            raise

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of every page. Raises Malformed when a page link comes twice."""
        seen: set[str] = set()
        next_path: str | None = path
        while next_path:
            seen.add(next_path)
            page = self.get(next_path)
            yield from items_of(page)
            next_path = next_link(page)
            if next_path in seen:
                raise Malformed("page_repeats", "Microsoft Graph sent the same page link twice.")

    def batch(self, asks: Sequence[Ask]) -> list[Answer]:
        """Up to twenty requests in one call; the answers in the order asked. Each succeeds or fails by itself.

        Raises when the call as a whole failed: what became of its writes is then unknown.
        """
        requests = [request_of(ask) for ask in asks]
        answers = self._batch_once(requests)
        expired = [number for number, answer in enumerate(answers) if _token_refused(answer.error)]
        if expired:
            self._token(True)
            again = self._batch_once([requests[number] for number in expired])
            for number, answer in zip(expired, again, strict=True):
                answers[number] = answer
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer.error, Throttled):
                self._refused(request, answer.error)
        return answers

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
        answer = self._send_signed("POST", f"{self._base}{VERSION}/$batch", {"requests": parts})
        responses = answer.get("responses")
        if not isinstance(responses, list):
            raise Malformed("malformed", "Microsoft Graph's answer to a $batch has no responses.")
        by_id = {str(part.get("id")): part for part in responses if isinstance(part, dict)}
        return [_part(by_id.get(str(number)), request.is_write) for number, request in enumerate(requests)]

    def _batch_part(self, number: int, request: Request) -> dict[str, Any]:
        headers = {**HEADERS, **request.headers}
        part = {"id": str(number), "method": request.method, "url": self._relative(request.path), "headers": headers}
        if request.body is None:
            return part
        return {**part, "headers": {**headers, "Content-Type": "application/json"}, "body": request.body}

    def _url(self, path: str) -> str:
        if not path.startswith("http"):
            return f"{self._base}{VERSION}{path}"
        self._require_same_host(path)
        return path

    def _relative(self, path: str) -> str:
        """A batch part's address is relative to the version; a page link is cut, never encoded anew."""
        if not path.startswith("http"):
            return path
        self._require_same_host(path)
        return "/" + path.removeprefix(self._base).split("/", 2)[2]

    def _require_same_host(self, url: str) -> None:
        # A link to another host would be handed our bearer token.
        if urlsplit(url)[:2] != urlsplit(self._base)[:2]:
            raise Rejected("foreign_link", "Microsoft Graph sent a page link to another host. It was not followed.")

    def _send_signed(self, method: str, url: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return self._send(method, url, body, self._token(False))
        except SignInFailed as e:
            if e.code != "token_refused":
                raise
        return self._send(method, url, body, self._token(True))

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None, token: str) -> dict[str, Any]:
        headers = {**HEADERS, "Authorization": f"Bearer {token}", "client-request-id": str(uuid.uuid4())}
        self.http_calls += 1
        try:
            with self._session.request(
                method, url, json=body, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False
            ) as response:
                status, answer_headers, text = response.status_code, response.headers, _read(response)
        except requests.Timeout as e:
            raise Unavailable("timeout", "Microsoft Graph did not answer in time.") from e
        except requests.RequestException as e:
            raise Unavailable(
                "unreachable", "Microsoft Graph cannot be reached. Check the network and the proxy."
            ) from e
        parsed = _parsed(text)
        if 200 <= status < 300 or (status == 424 and isinstance(parsed, dict) and "responses" in parsed):
            return _object(parsed)
        raise from_answer(status, answer_headers, parsed)


def new_session() -> requests.Session:
    """A session that takes neither proxies' passwords nor another CA from the environment behind our back."""
    session = requests.Session()
    session.trust_env = False
    return session


def _read(response: requests.Response) -> bytes:
    chunks, size = [], 0
    for chunk in response.iter_content(65536):
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise Malformed("too_large", "Microsoft Graph's answer is larger than 100 MB.")
        chunks.append(chunk)
    return b"".join(chunks)


def _parsed(text: bytes) -> Any:
    """The JSON, or None: whether that matters depends on the status."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _object(parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        raise Malformed("malformed", "Microsoft Graph's answer is not the JSON object it should be.")
    return parsed


def _part(part: Mapping[str, Any] | None, is_write: bool) -> Answer:
    if part is None or not isinstance(part.get("status"), int):
        return Answer(error=Unavailable("unanswered", "Microsoft Graph left a part of a $batch unanswered."))
    body, status = part.get("body"), part["status"]
    if 200 <= status < 300:
        if isinstance(body, dict) or is_write:
            return Answer(body=body if isinstance(body, dict) else {})
        return Answer(error=Malformed("malformed", "Microsoft Graph's answer is not the JSON object it should be."))
    headers = part.get("headers")
    return Answer(error=from_answer(status, headers if isinstance(headers, dict) else {}, body))


def _token_refused(error: GraphError | None) -> bool:
    return isinstance(error, SignInFailed) and error.code == "token_refused"


def items_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = page.get("value")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Malformed("malformed", "Microsoft Graph's page is not the list of objects it should be.")
    return items


def next_link(page: Mapping[str, Any], name: str = "@odata.nextLink") -> str | None:
    link = page.get(name)
    return link if isinstance(link, str) and link else None
