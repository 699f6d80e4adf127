"""What can go wrong with Microsoft Graph, by what the caller can do about it.

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

from graph.not_offered import reason_of


class GraphError(Exception):
    def __init__(self, code: str, sentence: str, *, status: int | None = None, request_id: str | None = None) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.status, self.request_id = code, sentence, status, request_id


class Throttled(GraphError):
    """`retry_after` in seconds; None when Graph named none."""

    retry_after: float | None = None

    @property
    def is_in_doubt(self) -> bool:
        """A 5xx may come after the write: that it asks us to wait does not say that nothing was changed."""
        return (self.status or 0) >= 500


class Unavailable(GraphError):
    pass


class Unclear(Unavailable):
    def settled(self) -> "Rejected":
        """What it is when it comes a second time."""
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


# The longest first: what one secret is a part of goes as a whole.
_known: tuple[str, ...] = ()
_learning = Lock()
# Shorter ones would mask words by chance.
SHORTEST_KNOWN = 8


def never_show(values: Iterable[str]) -> None:
    """Secrets that this process knows: masked wherever they appear, whatever stands before them."""
    global _known
    long_enough = [value for value in values if len(value) >= SHORTEST_KNOWN]
    # A log line of JSON, and an object in a message, hold them escaped.
    found = {*long_enough, *(json.dumps(value, ensure_ascii=False)[1:-1] for value in long_enough)}
    with _learning:
        # Another tuple each time: threads that mask just now go on over the one before.
        _known = tuple(sorted({*_known, *found}, key=len, reverse=True))


def redact(text: str) -> str:
    """Mask what may be a secret. The one place for it: errors and logs both come through here."""
    for value in _known:
        text = text.replace(value, "[masked]")
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: (found.group(1) if _is_named(found) else "") + "[masked]", text)
    return text


def _is_named(found: re.Match[str]) -> bool:
    return bool(found.re.groups and found.group(1) and found.group(1).rstrip(" \"'").endswith(("=", ":")))


def from_answer(status: int, headers: Mapping[str, str], body: Any, *, is_part: bool = False) -> GraphError:
    """The error of an answer that is not 2xx; `body` is its JSON, or None where it had none.

    A part of a $batch is Graph's own, whatever is in it; what comes by itself may be a proxy's.
    Status and code tell, as far as they do (learn.microsoft.com: Graph error responses); where only words do, those of
    graph/not_offered.py and _THROTTLED_WORDS were seen.
    """
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    inner = _inner_documents(error.get("message"))
    headers = {**headers, **{name: value for name, value in _inner_headers(inner).items() if name not in headers}}
    is_graphs = is_part or _header(headers, "x-ms-ags-diagnostic") is not None
    if status == 403 and is_graphs and not error:
        made: GraphError = _unclear(status)
    else:
        made = _made(status, headers, error, _message(error.get("message"), inner))
    made.status = status
    made.request_id = _word(_header(headers, "request-id")) or _word(_inner_id(error)) or None
    if isinstance(made, Throttled):
        made.retry_after = retry_after(_header(headers, "Retry-After")) or _inner_wait(inner)
    return made


_APPROVAL_IN_WORDS = re.compile(r"x-msft-approval-code[:\s\"\\]+([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.I)


def _made(status: int, headers: Mapping[str, str], error: Mapping[str, Any], message: str) -> GraphError:
    # Documentation says 400 in one place and 403 in another, and 412 was seen: the header is what tells
    # (learn.microsoft.com: Multi Admin Approval for Graph API), or the same in words, where it was lost on the way.
    said = _APPROVAL_IN_WORDS.search(message)
    approval = _header(headers, "x-msft-approval-code") or (said[1] if said else "")
    if re.fullmatch(r"[\w-]{1,80}", approval, re.ASCII):
        return _approval_needed(approval)
    if not _is_graphs(status, error):
        return Malformed("not_graph", _NOT_GRAPH.format(status=status))
    code = _word(error.get("code"))
    if _asks_to_wait(status, code, message, _header(headers, "Retry-After")):
        return Throttled("throttled", "Microsoft Graph asks us to slow down.")
    reason = reason_of(status, code, message)
    return NotAvailable(*reason) if reason else _classify(status, code, message)


# Codes of throttling, under whatever status: learn.microsoft.com, Microsoft Graph throttling and error responses; the
# last, Azure AD Graph error codes (503).
_THROTTLED_CODES = frozenset({"toomanyrequests", "requestthrottled", "activitylimitreached",
                              "request_throttledtemporarily"})  # fmt: skip
# Intune's 500, read from a live tenant (rknightion/graph2otel: docs/graph-api-gotchas.md, 2026-07-27).
_THROTTLED_WORDS = "too many requests to query broker"


def _asks_to_wait(status: int, code: str, message: str, wait: str | None) -> bool:
    """learn.microsoft.com, Graph error responses: 429; 509, too much for the bandwidth; 503 that says until when."""
    return (
        status in {429, 509}
        or code.lower() in _THROTTLED_CODES
        or _THROTTLED_WORDS in message.lower()
        or (status == 503 and retry_after(wait) is not None)
    )


# What it says matters where it is no more than that something is in trouble, or asks us to wait.
_WITHOUT_WORDS = frozenset({408, 429, 500, 502, 503, 504, 509})
_NOT_GRAPH = (
    "What answered ({status}) is not Microsoft Graph: it does not say what is wrong as Graph does. Often a proxy or "
    "firewall answers in its place; check those."
)


def _is_graphs(status: int, error: Mapping[str, Any]) -> bool:
    """A refusal that says why, or trouble. A proxy's page of "not found" must not pass for a policy that is gone."""
    return status in _WITHOUT_WORDS or (400 <= status < 600 and bool(error))


def _word(raw: Any) -> str:
    """A code or an id as it can be kept and shown."""
    return "".join(one for one in raw[:80] if one.isascii() and one.isprintable()) if isinstance(raw, str) else ""


def _approval_needed(approval: str) -> ApprovalNeeded:
    made = ApprovalNeeded("approval_needed", "Somebody else in the tenant has to approve this change first.")
    made.approval = approval
    return made


def _unclear(status: int) -> Unclear:
    return Unclear(
        "refused_unclear",
        f"Microsoft Graph refused the request ({status}) and did not say why. Check that the tenant has this feature "
        "and a licence for it; else start this again later.",
    )


def _classify(status: int, code: str, message: str) -> GraphError:
    if status == 403 and code in {"", "UnknownError"} and not message:
        return _unclear(status)
    if status in {401, 403}:
        return _unauthorised(status, code, message)
    if status == 404:
        return NotFound("not_found", "Microsoft Graph does not have this object: it was deleted, or never was.")
    if status in {409, 412, 423}:
        return Conflict("conflict", "The object was changed by someone else at the same time. Start this again.")
    if status in {408, 500, 502, 503, 504}:
        return Unavailable("unavailable", f"Microsoft Graph is in trouble (it answered {status}).")
    excerpt = f": {message[:300]}" if message else ""
    return Rejected("rejected", f"Microsoft Graph refused the request ({status} {code}{excerpt}).")


def _unauthorised(status: int, code: str, message: str) -> GraphError:
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
    made = Forbidden(
        "permission_missing",
        f"The app registration lacks a permission{named}. Add it in Entra, grant admin consent, then start this again.",
    )
    made.permissions = permissions
    return made


def _message(raw: Any, inner: list[dict[str, Any]]) -> str:
    """The readable part."""
    text = _said(inner[-1]) if inner else raw if isinstance(raw, str) else ""
    text = text.split(" - Operation ID")[0][:10_000]
    return redact("".join(c if c.isprintable() else " " for c in text)).strip()


def _inner_documents(raw: Any) -> list[dict[str, Any]]:
    """Intune puts a JSON document into `message` as a string, sometimes twice over; the outermost first."""
    found: list[dict[str, Any]] = []
    text = raw
    while isinstance(text, str) and len(found) < 3:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            break
        if not isinstance(document, dict) or not _said(document):
            break
        found.append(document)
        text = _said(document)
    return found


def _said(document: Mapping[str, Any]) -> str:
    found = document.get("Message") or document.get("message")
    return found if isinstance(found, str) else ""


def _inner_headers(inner: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Headers that Intune's back end sent and its front end put into the document (`HttpHeaders`, as text)."""
    found: dict[str, str] = {}
    for document in inner:
        try:
            headers = json.loads(str(document.get("HttpHeaders") or "{}"))
        except (ValueError, RecursionError):
            continue
        found |= {str(name): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}
    return found


def _inner_wait(inner: Iterable[Mapping[str, Any]]) -> float | None:
    """`RetryAfter` stands beside Intune's message; null wherever it was seen."""
    waits = [retry_after(str(document["RetryAfter"])) for document in inner if document.get("RetryAfter")]
    return waits[-1] if waits else None


def _inner_id(error: Mapping[str, Any]) -> Any:
    inner = error.get("innerError") or error.get("innererror")
    return inner.get("request-id") if isinstance(inner, dict) else None


def _header(headers: Mapping[str, str], name: str) -> str | None:
    """Case-insensitive: the parts of a $batch carry their headers in a plain object."""
    return next((str(value) for key, value in headers.items() if key.lower() == name.lower()), None)


def retry_after(text: str | None) -> float | None:
    """Seconds: Graph sends whole ones, fractions ("2.128") and, by the standard, an HTTP date.

    None for what is no wait, one that is over included: who asked again at once would be asked to wait again.
    """
    seconds = _seconds(text or "")
    return min(seconds, 3600.0) if seconds > 0 else None


def _seconds(text: str) -> float:
    """0 for what says none; not a number compares as 0 does."""
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
