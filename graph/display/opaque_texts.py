"""Texts that say nothing to a person, or too much: keys, scripts, markup, also in base64. By their looks alone."""

import base64
import binascii
import json
import re
from typing import Any

from graph.content.odata import HOLDERS

# Words before “code” and “key” in names of secrets.
CODES = r"(exit|pair(ing)?|unlock|activation|access|security|enroll?ment|verification|registration|recovery|setup)"
SORTS = (
    r"(access|account|activation|admin|api|auth|client|encryption|licen[cs]e|master|network|pre[ _-]?shared|private"
    r"|product|recovery|security|service|shared|signing|storage|subscription|wep|wpa|workspace)"
)

# Ways to pass a secret to a program: PASSWORD=…, --api-key …, /uninstallcode:…
_TOLD = (
    rf"(password|passwd|passcode|passphrase|pwd|secret|token|credential|psk|{SORTS}[_-]?key"
    rf"|((?!exit){CODES}|uninstall)[_-]?code|registration[_-]?key|activation[_-]?id)"
)
_ACCESS = re.compile(
    rf"{_TOLD}[\"']?\s{{0,9}}[=:]\s{{0,9}}[^\s;,&]|(?:^|\s)(?:--?|/)\w{{0,20}}-?{_TOLD}\s{{1,9}}[^\s/-]"
    r"|[ \n][-/]e(nc|ncodedcommand|c)?\s{1,9}[a-z0-9+/]{16}|\s/user:\S{1,99}\s{1,9}[^\s/]|\bBearer\s{1,9}[\w.~+/-]{8}"
    r"|/(Incoming)?Webhook/\w|\b(glpat-|github_pat_|sk[-_](live|test|proj)[-_]|AIza|ya29\.)[\w-]{10}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{8,99}\.[\w-]{8}|://[^/\s:@]{1,99}:[^/\s@]{1,99}@|[?&]sig=[\w%]"
    r"|\bSharedAccess(Key|Signature)\s{0,9}="
    r"|\b(ghp_|xox[abp]-|AKIA)[\w-]{10}|hooks\.slack\.com/services/\w",
    re.IGNORECASE,
)
# Whatever _ACCESS finds contains one of these: searching for them first costs a thousandth.
_HINTS = (
    "passw", "passcode", "passphrase", "pwd", "secret", "token", "credential", "psk", "key", "code",
    " -e", " /e", "\n-e", "\n/e", "/user:", "bearer", "webhook/", "glpat-", "github_pat_", "sk-", "sk_", "aiza",
    "ya29.", "activation", "eyj", "://",
    "sig=", "sharedaccess", "ghp_", "xoxa-", "xoxb-", "xoxp-", "akia", "hooks.slack",
)  # fmt: skip
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}")
# PKCS#12 begins as SEQUENCE, version 3 (RFC 7292): a certificate with its key.
_PKCS12 = re.compile(rb"0\x82..\x02\x01\x03", re.DOTALL)
# The keys of a text of the settings catalog that names an app or a script (Windows Autopilot device preparation).
_REFERENCE = frozenset({"id", "type", "@odata.type"})
_SHORTEST_TEXT = 12
# A longer value is no setting that anybody reads: it is masked, and costs no look inside.
LONGEST_LOOKED_AT = 100_000
ACCESS, WITH_KEY, LONG = "access data", "certificate with its key", "long text"


def opaque_kind(text: str) -> str:
    """Return what kind of opaque text this is, also in base64: markup, JSON, a script, a key; "" for others."""
    if len(text) > LONGEST_LOOKED_AT:
        return LONG
    return _text_kind(text) or _in_base64(text)


def _text_kind(text: str) -> str:
    begin = text.lstrip("\ufeff \t\r\n")
    if gives_access(text):
        return ACCESS
    if begin.startswith("<") and ">" in begin:
        return "XML"
    if begin.startswith("#!"):
        return "script"
    document = parse_json(begin) if begin.startswith(("{", "[")) else None
    is_reference = isinstance(document, dict) and document.keys() <= _REFERENCE
    return "JSON" if document and isinstance(document, HOLDERS) and not is_reference else ""


def gives_access(text: str) -> bool:
    """Tell whether a text, of any length, passes a password or a key to something. What is in base64 stays closed."""
    small = text.lower()
    return any(hint in small for hint in _HINTS) and bool(_ACCESS.search(text))


def _in_base64(text: str) -> str:
    if not _BASE64.fullmatch(text.strip()):
        return ""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if _PKCS12.match(data):
        return WITH_KEY
    inside = _text_of(data)
    return (_text_kind(inside) or "script or text") if len(inside) >= _SHORTEST_TEXT else ""


def _text_of(data: bytes) -> str:
    """Return the readable text in the bytes; "" for an image, a certificate, or a word that only looks like base64."""
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8", "utf-16-le"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        plain = sum((char.isprintable() and char.isascii()) or char in "\r\n\t" for char in text)
        if text and plain >= 0.9 * len(text):
            return text
    return ""


def parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
