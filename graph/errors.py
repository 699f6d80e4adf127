"""The errors of Microsoft Graph, sorted by what the caller can do about them.

GraphError
├── Throttled         wait `retry_after`, then go on; costs no attempt, in whatever words Graph asks for it
├── Unavailable       no answer, or the service is in trouble: trying again can help
│   ├── Unclear       refused without a word; a read that is so twice is Rejected
│   └── Malformed     the answer is not what Graph promises
│       └── Incomplete    a policy came back with less than it says it has
└── Rejected          trying again cannot help
    ├── SignInFailed  the tenant's credential or consent
    ├── Forbidden     a permission is missing
    ├── NotFound      it is gone
    ├── Conflict      someone else changed it
    ├── ApprovalNeeded  somebody in the tenant has to approve the write first
    └── NotAvailable  this tenant, or this cloud, does not offer the feature; `code` says why (graph/not_offered.py).
                      Of a type's list it is the type that is not offered; of anything else, a refusal like others

Every error carries one sentence that names cause and remedy and holds no secret: pages, notifications and the database
show it as it is.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any

from graph.not_offered import find_reason


class GraphError(Exception):
    def __init__(self, code: str, sentence: str, *, status: int | None = None, request_id: str | None = None) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.status, self.request_id = code, sentence, status, request_id


class Throttled(GraphError):
    """`retry_after` in seconds; None when Graph named none."""

    retry_after: float | None = None

    @property
    def is_in_doubt(self) -> bool:
        """The write may have happened all the same: a 5xx can come after it, even where it asks us to wait."""
        return (self.status or 0) >= 500


class Unavailable(GraphError):
    pass


class Unclear(Unavailable):
    def as_rejected(self) -> "Rejected":
        """Return the same refusal as one that no further try helps: it came a second time."""
        return Rejected(self.code, self.sentence, status=self.status, request_id=self.request_id)


class Malformed(Unavailable):
    pass


class Incomplete(Malformed):
    pass


class Rejected(GraphError):
    pass


class SignInFailed(Rejected):
    pass


class Forbidden(Rejected):
    """`permissions`: the app roles that the answer itself names, any one of which would do."""

    permissions: tuple[str, ...] = ()


class NotFound(Rejected):
    pass


class Conflict(Rejected):
    pass


class ApprovalNeeded(Rejected):
    """`approval`: the id of the request that waits for approval in the tenant (Multi Admin Approval)."""

    approval: str = ""


class NotAvailable(Rejected):
    pass


def is_given_up(error: GraphError, *, is_last_try: bool) -> bool:
    """Tell whether no other try mends this: a refusal, and with the last try all but the wish that we wait."""
    return isinstance(error, Rejected) or (is_last_try and not isinstance(error, Throttled))


_SECRETS = (
    re.compile(r"eyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?"),  # a JWT
    re.compile(r"(?i)(?<=bearer )[\w.~+/=-]{8,}"),
    re.compile(
        r"(?i)((?:client_secret|client_assertion|access_token|refresh_token|password|passphrase|private_key)"
        r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,}]+"
    ),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL),
    # Long unbroken base64: keys, blobs, certificates. A GUID has dashes and stays readable.
    re.compile(r"(?<![\w/+])[A-Za-z0-9+/_]{60,}={0,2}"),
)


# The longest first: a secret that contains another one is masked as a whole.
_known_secrets: tuple[str, ...] = ()
_known_lock = Lock()
# Shorter ones would mask words by chance.
MIN_SECRET_LENGTH = 8


def register_secrets(values: Iterable[str]) -> None:
    """Let `redact` mask these values wherever they appear, whatever stands before them."""
    global _known_secrets
    long_enough = [value for value in values if len(value) >= MIN_SECRET_LENGTH]
    # A log line in JSON, and an object inside a message, hold them escaped.
    spellings = {*long_enough, *(json.dumps(value, ensure_ascii=False)[1:-1] for value in long_enough)}
    with _known_lock:
        # A new tuple each time: a thread that is masking just now goes on over the old one.
        _known_secrets = tuple(sorted({*_known_secrets, *spellings}, key=len, reverse=True))


def redact(text: str) -> str:
    """Mask whatever may be a secret. Errors and logs both come through here."""
    for value in _known_secrets:
        text = text.replace(value, "[masked]")
    for pattern in _SECRETS:
        text = pattern.sub(lambda match: (match.group(1) if _keeps_its_label(match) else "") + "[masked]", text)
    return text


def _keeps_its_label(match: re.Match[str]) -> bool:
    return bool(match.re.groups and match.group(1) and match.group(1).rstrip(" \"'").endswith(("=", ":")))


def error_from_answer(status: int, headers: Mapping[str, str], body: Any, *, is_part: bool = False) -> GraphError:
    """Return the error that an answer stands for which is not 2xx. `body` is its JSON, or None where it had none.

    A part of a $batch (`is_part`) is certainly Graph's own; an answer by itself may be a proxy's. Status and code
    decide (learn.microsoft.com: Graph error responses). Where only the words tell, they are those that were seen:
    graph/not_offered.py and _THROTTLED_WORDS.
    """
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    inner = _inner_documents(error.get("message"))
    headers = {**headers, **{name: value for name, value in _inner_headers(inner).items() if name not in headers}}
    is_graphs = is_part or _header(headers, "x-ms-ags-diagnostic") is not None
    if status == 403 and is_graphs and not error:
        graph_error: GraphError = _unclear_error(status)
    else:
        graph_error = _error_of(status, headers, error, _message(error.get("message"), inner))
    graph_error.status = status
    graph_error.request_id = _printable(_header(headers, "request-id")) or _printable(_inner_request_id(error)) or None
    if isinstance(graph_error, Throttled):
        graph_error.retry_after = retry_after(_header(headers, "Retry-After")) or _inner_wait(inner)
    return graph_error


_APPROVAL_IN_WORDS = re.compile(r"x-msft-approval-code[:\s\"\\]+([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.I)


def _error_of(status: int, headers: Mapping[str, str], error: Mapping[str, Any], message: str) -> GraphError:
    # Documentation says 400 in one place and 403 in another, and 412 was seen: the header is what tells
    # (learn.microsoft.com: Multi Admin Approval for Graph API), or the same in words, where it was lost on the way.
    in_words = _APPROVAL_IN_WORDS.search(message)
    approval = _header(headers, "x-msft-approval-code") or (in_words[1] if in_words else "")
    if re.fullmatch(r"[\w-]{1,80}", approval, re.ASCII):
        return _approval_needed(approval)
    if not _is_graphs(status, error):
        return Malformed("not_graph", _NOT_GRAPH.format(status=status))
    code = _printable(error.get("code"))
    if _asks_to_wait(status, code, message, _header(headers, "Retry-After")):
        return Throttled("throttled", "Microsoft limit reached.")
    reason = find_reason(status, code, message)
    return NotAvailable(*reason) if reason else _classify(status, code, message)


# Codes of throttling, under whatever status: learn.microsoft.com, Microsoft Graph throttling and error responses; the
# last, Azure AD Graph error codes (503).
_THROTTLED_CODES = frozenset({"toomanyrequests", "requestthrottled", "activitylimitreached",
                              "request_throttledtemporarily"})  # fmt: skip
# Intune's 500, read from a live tenant (rknightion/graph2otel: docs/graph-api-gotchas.md, 2026-07-27).
_THROTTLED_WORDS = "too many requests to query broker"


def _asks_to_wait(status: int, code: str, message: str, wait: str | None) -> bool:
    """Tell throttling: 429, 509 or a 503 that says until when (learn.microsoft.com: Graph error responses)."""
    return (
        status in {429, 509}
        or code.lower() in _THROTTLED_CODES
        or _THROTTLED_WORDS in message.lower()
        or (status == 503 and retry_after(wait) is not None)
    )


# Under these an answer without a reason is believed: it only says that something is in trouble, or asks us to wait.
_WITHOUT_WORDS = frozenset({408, 429, 500, 502, 503, 504, 509})
_NOT_GRAPH = (
    "What answered ({status}) is not Microsoft Graph: it does not say what is wrong as Graph does. Often a proxy or "
    "firewall answers in its place; check those."
)


def _is_graphs(status: int, error: Mapping[str, Any]) -> bool:
    """Tell Graph's own refusals from a proxy's: its page of "not found" must not pass for a policy that is gone."""
    return status in _WITHOUT_WORDS or (400 <= status < 600 and bool(error))


def _printable(raw: Any) -> str:
    """Return a code or an id in a form that can be kept and shown: at most 80 printable ASCII characters."""
    return "".join(char for char in raw[:80] if char.isascii() and char.isprintable()) if isinstance(raw, str) else ""


def _approval_needed(approval: str) -> ApprovalNeeded:
    needed = ApprovalNeeded("approval_needed", "Somebody else in the tenant has to approve this change first.")
    needed.approval = approval
    return needed


def _unclear_error(status: int) -> Unclear:
    return Unclear(
        "refused_unclear",
        f"Microsoft Graph refused the request ({status}) and did not say why. Check that the tenant has this feature "
        "and a licence for it; else start this again later.",
    )


def _classify(status: int, code: str, message: str) -> GraphError:
    if status == 403 and code in {"", "UnknownError"} and not message:
        return _unclear_error(status)
    if status in {401, 403}:
        return _authorisation_error(status, code, message)
    if status == 404:
        return NotFound("not_found", "Microsoft Graph does not have this object: it was deleted, or never was.")
    if status in {409, 412, 423}:
        return Conflict("conflict", "The object was changed by someone else at the same time. Start this again.")
    if status in {408, 500, 502, 503, 504}:
        return Unavailable(
            "unavailable", f"Microsoft Graph failed (error {status}). Usually temporary: retry in a few minutes."
        )
    excerpt = f": {message[:300]}" if message else ""
    return Rejected("rejected", f"Microsoft Graph refused the request ({status} {code}{excerpt}).")


def _authorisation_error(status: int, code: str, message: str) -> GraphError:
    if code in {"InvalidAuthenticationToken", "CompactToken parsing failed"}:
        return SignInFailed(
            "token_refused", "Microsoft Graph refused our token. Check the tenant with: tenantkeep tenant check."
        )
    if code == "Authorization_IdentityNotFound":
        return SignInFailed(
            "consent_missing",
            "The app registration is not known in this tenant. Grant admin consent there, then try again.",
        )
    permissions = tuple(dict.fromkeys(re.findall(r"\b[A-Z][A-Za-z]+(?:\.[A-Z][A-Za-z]+)+\b", message)))
    named = f": one of {', '.join(permissions)}" if permissions else ""
    forbidden = Forbidden(
        "permission_missing",
        f"The app registration lacks a permission{named}. Add it in Entra, grant admin consent, then start this again.",
    )
    forbidden.permissions = permissions
    return forbidden


def _message(raw: Any, inner: list[dict[str, Any]]) -> str:
    """Return the part of an error message that a person can read, without secrets."""
    text = _message_text(inner[-1]) if inner else raw if isinstance(raw, str) else ""
    text = text.split(" - Operation ID")[0][:10_000]
    return redact("".join(c if c.isprintable() else " " for c in text)).strip()


def _inner_documents(raw: Any) -> list[dict[str, Any]]:
    """Return the JSON documents that Intune puts into `message` as strings, one in another; the outermost first."""
    documents: list[dict[str, Any]] = []
    text = raw
    while isinstance(text, str) and len(documents) < 3:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            break
        if not isinstance(document, dict) or not _message_text(document):
            break
        documents.append(document)
        text = _message_text(document)
    return documents


def _message_text(document: Mapping[str, Any]) -> str:
    text = document.get("Message") or document.get("message")
    return text if isinstance(text, str) else ""


def _inner_headers(inner: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the headers of Intune's back end, which its front end puts into the document (`HttpHeaders`, as text)."""
    merged: dict[str, str] = {}
    for document in inner:
        try:
            headers = json.loads(str(document.get("HttpHeaders") or "{}"))
        except (ValueError, RecursionError):
            continue
        merged |= {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return merged


def _inner_wait(inner: Iterable[Mapping[str, Any]]) -> float | None:
    """Return the seconds of `RetryAfter`, which stands beside Intune's message; null wherever it was seen."""
    waits = [retry_after(str(document["RetryAfter"])) for document in inner if document.get("RetryAfter")]
    return waits[-1] if waits else None


def _inner_request_id(error: Mapping[str, Any]) -> Any:
    inner = error.get("innerError") or error.get("innererror")
    return inner.get("request-id") if isinstance(inner, dict) else None


def _header(headers: Mapping[str, str], name: str) -> str | None:
    """Look up a header in any case: the parts of a $batch carry their headers in a plain object."""
    return next((str(value) for key, value in headers.items() if key.lower() == name.lower()), None)


def retry_after(text: str | None) -> float | None:
    """Return a Retry-After in seconds, at most an hour. Graph sends whole ones, fractions ("2.128") and HTTP dates.

    None where there is no wait, or it is over: whoever asked again at once would be told to wait again.
    """
    seconds = _seconds(text or "")
    return min(seconds, 3600.0) if seconds > 0 else None


def _seconds(text: str) -> float:
    """Return 0.0 for a text that names no time. NaN needs no care: it is not above 0 either."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return (at - datetime.now(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
