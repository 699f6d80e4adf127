"""One HTTP client for Microsoft Graph. It asks once, raises what went wrong, and never sleeps: waiting is the queue's.

Everything is read from /beta: v1.0 lacks some Intune types and drops their scope tags.
"""

import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from graph.errors import GraphError, Malformed, Rejected, SignInFailed, Throttled, Unavailable, from_answer
from graph.limits import DEFAULT_WAIT, Budget, service_of

# token(fresh): fresh asks for a new one, after Graph refused the one before.
Token = Callable[[bool], str]

VERSION = "/beta"
BATCH_SIZE = 20  # learn.microsoft.com: JSON batching
TIMEOUT = (5, 60)
LARGEST_ANSWER = 100 * 1024 * 1024

# Without it Graph hides the members its enums grew behind `unknownFutureValue`, and a backup would keep that.
HEADERS = {"Accept": "application/json", "Prefer": "include-unknown-enum-members"}


@dataclass(frozen=True)
class Answer:
    """One GET's answer inside a batch: its body, or what went wrong."""

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
        url = self._url(path)
        self._take([path])
        try:
            return self._send_signed("GET", url)
        except Throttled as e:
            self._refused(path, e)
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

    def batch(self, paths: Sequence[str]) -> list[Answer]:
        """Up to twenty GETs in one call; the answers in the order asked. Each part succeeds or fails by itself."""
        answers = self._batch_once(paths)
        expired = [number for number, answer in enumerate(answers) if _token_refused(answer.error)]
        if expired:
            self._token(True)
            again = self._batch_once([paths[number] for number in expired])
            for number, answer in zip(expired, again, strict=True):
                answers[number] = answer
        for path, answer in zip(paths, answers, strict=True):
            if isinstance(answer.error, Throttled):
                self._refused(path, answer.error)
        return answers

    def _take(self, paths: Sequence[str]) -> None:
        if self._budget:
            self._budget.take(Counter(map(service_of, paths)))
        self.requests_made += len(paths)

    def _refused(self, path: str, error: Throttled) -> None:
        """One that is refused is refused for all who share the budget."""
        service = service_of(path)
        if error.retry_after is None:
            error.retry_after = DEFAULT_WAIT[service]
        if self._budget:
            self._budget.refused(service, error.retry_after)

    def _batch_once(self, paths: Sequence[str]) -> list[Answer]:
        if len(paths) > BATCH_SIZE:
            raise ValueError(f"a $batch holds at most {BATCH_SIZE} requests")
        self._take(paths)
        parts = [
            {"id": str(number), "method": "GET", "url": self._relative(path), "headers": HEADERS}
            for number, path in enumerate(paths)
        ]
        answer = self._send_signed("POST", f"{self._base}{VERSION}/$batch", {"requests": parts})
        responses = answer.get("responses")
        if not isinstance(responses, list):
            raise Malformed("malformed", "Microsoft Graph's answer to a $batch has no responses.")
        by_id = {str(part.get("id")): part for part in responses if isinstance(part, dict)}
        return [_part(by_id.get(str(number))) for number in range(len(paths))]

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


def _part(part: Mapping[str, Any] | None) -> Answer:
    if part is None or not isinstance(part.get("status"), int):
        return Answer(error=Unavailable("unanswered", "Microsoft Graph left a part of a $batch unanswered."))
    body, status = part.get("body"), part["status"]
    if 200 <= status < 300:
        if isinstance(body, dict):
            return Answer(body=body)
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
