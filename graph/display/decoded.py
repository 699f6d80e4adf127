"""Texts and files inside contents, as a person can judge them: decoded, named, measured."""

import base64
import binascii
import hashlib
import re
from functools import cache

from cryptography import x509

from graph.display.outline import ENCODED
from graph.microsoft import model

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]+={0,2}\s*")
# Shorter ones may as well be a word.
_SHORTEST_UNTOLD = 40
_LONGEST_WORD = 200
# Marks that turn the direction of writing, or are not seen: a text with them reads otherwise than it runs.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
                     "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]")  # fmt: skip
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BEGINNINGS = {
    b"\x89PNG": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF8": "GIF image",
    b"\x00\x00\x01\x00": "icon",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP",
    b"MZ": "Windows program",
}
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def visible(text: str) -> str:
    """With what cannot be seen, or turns what is seen around, told by its number."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def described(name: str, value: str) -> tuple[str, str]:
    """(what to show of a text, what is to be said of it). Nothing is lost: a file that nobody reads is told by its
    SHA-256.
    """
    data = _data(name, value)
    if data is None:
        found = _certificate(value.encode("utf-8", "replace"))
        return visible(value), found
    certificate = _certificate(data)
    if certificate:
        return certificate, _measured(data)
    text = _text(data, is_said=name in binary_names())
    if text is not None:
        return visible(text), "sent as base64"
    if name not in binary_names() and len(value) <= _LONGEST_WORD:
        return visible(value), ""
    kind = next((called for begin, called in _BEGINNINGS.items() if data.startswith(begin)), "File")
    return f"{kind}, {len(data):,} bytes", _measured(data)


def _measured(data: bytes) -> str:
    return f"{len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}"


@cache
def binary_names() -> frozenset[str]:
    """The properties that Microsoft's model calls base64."""
    types = map(model.properties, model.type_names())
    found = {one.name for each in types for one in each.values() if one.kind == "binary"}
    return ENCODED | found - {"value"}


def _data(name: str, value: str) -> bytes | None:
    """What a base64 is of; None for a text that is none, or is too short to tell."""
    if not _BASE64.fullmatch(value) or (name not in binary_names() and len(value) < _SHORTEST_UNTOLD):
        return None
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    is_one_spelling = base64.b64encode(data).decode() == value
    return data if is_one_spelling else None


def _text(data: bytes, *, is_said: bool) -> str | None:
    """As scripts are saved: UTF-8, or UTF-16 as Windows does, with or without a mark in front; where the model says
    that it is base64, also as Windows of old did.
    """
    for one in _spellings(data, is_said):
        try:
            text = data.decode(one)
        except UnicodeDecodeError:
            continue
        if _is_readable(text):
            return text
    return None


def _spellings(data: bytes, is_said: bool) -> tuple[str, ...]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    if data.count(0) * 3 >= len(data):  # every other byte of plain English
        return ("utf-16-be",) if data[0::2].count(0) > data[1::2].count(0) else ("utf-16-le",)
    return ("utf-8-sig", "cp1252") if is_said else ("utf-8-sig",)


def _is_readable(text: str) -> bool:
    """Marks that are not seen are no sign of a file that is no text: somebody may have put them there."""
    control = len(_CONTROL.findall(text))
    return control * 20 <= len(text)


def _certificate(data: bytes) -> str:
    """Of what holds certificates, each by its subject; "" of anything else."""
    found = _PEM.findall(data)
    load = x509.load_pem_x509_certificate if found else x509.load_der_x509_certificate
    if not found and not data.startswith(b"\x30\x82"):
        return ""
    try:
        return "; ".join(_certified(load(one)) for one in found or [data])
    except (ValueError, TypeError):
        return ""


def _certified(one: x509.Certificate) -> str:
    subject, issuer = one.subject.rfc4514_string(), one.issuer.rfc4514_string()
    by = "itself" if subject == issuer else visible(issuer)
    return f"Certificate of {visible(subject)}, issued by {by}, valid until {one.not_valid_after_utc:%Y-%m-%d}"
