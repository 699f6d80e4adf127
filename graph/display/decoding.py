"""Texts and files inside contents, made readable: decoded, named and measured, so that a person can judge them."""

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
# Characters that are invisible or turn the direction of writing: a text with them reads otherwise than it runs.
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


def show_invisible(text: str) -> str:
    """Replace invisible characters, and those that turn the direction of writing, by their numbers."""
    return _UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def describe_text(name: str, value: str) -> tuple[str, str]:
    """Return (what to show of a text, a note on it).

    Nothing is hidden: for a file that nobody can read, its SHA-256.
    """
    data = _data(name, value)
    if data is None:
        labels = _certificate_labels(value.encode("utf-8", "replace"))
        return show_invisible(value), labels
    certificate = _certificate_labels(data)
    if certificate:
        return certificate, _size_and_hash(data)
    text = _text(data, is_known_binary=name in binary_names())
    if text is not None:
        return show_invisible(text), "sent as base64"
    if name not in binary_names() and len(value) <= _LONGEST_WORD:
        return show_invisible(value), ""
    kind = next((called for begin, called in _BEGINNINGS.items() if data.startswith(begin)), "File")
    return f"{kind}, {len(data):,} bytes", _size_and_hash(data)


def _size_and_hash(data: bytes) -> str:
    return f"{len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}"


@cache
def binary_names() -> frozenset[str]:
    """Return the names of properties that Microsoft's model calls base64."""
    types = map(model.properties, model.type_names())
    names = {item.name for each in types for item in each.values() if item.kind == "binary"}
    return ENCODED | names - {"value"}


def _data(name: str, value: str) -> bytes | None:
    """Return the bytes in base64; None for a text that is none, or is too short to tell."""
    if not _BASE64.fullmatch(value) or (name not in binary_names() and len(value) < _SHORTEST_UNTOLD):
        return None
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    is_one_spelling = base64.b64encode(data).decode() == value
    return data if is_one_spelling else None


def _text(data: bytes, *, is_known_binary: bool) -> str | None:
    """Return the bytes as text, in the encodings in which scripts are saved; None if they are no text.

    Those are UTF-8 and UTF-16, with or without a byte order mark; cp1252 only where the model says that it is base64.
    """
    for encoding in _encodings(data, is_known_binary):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _is_readable(text):
            return text
    return None


def _encodings(data: bytes, is_known_binary: bool) -> tuple[str, ...]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    if data.count(0) * 3 >= len(data):  # every other byte of plain English
        return ("utf-16-be",) if data[0::2].count(0) > data[1::2].count(0) else ("utf-16-le",)
    return ("utf-8-sig", "cp1252") if is_known_binary else ("utf-8-sig",)


def _is_readable(text: str) -> bool:
    """Tell text from binary by its control characters. Invisible ones are no sign: somebody may have put them there."""
    control = len(_CONTROL.findall(text))
    return control * 20 <= len(text)


def _certificate_labels(data: bytes) -> str:
    """Return a label for each certificate in the data; "" if there is none."""
    blocks = _PEM.findall(data)
    load = x509.load_pem_x509_certificate if blocks else x509.load_der_x509_certificate
    if not blocks and not data.startswith(b"\x30\x82"):
        return ""
    try:
        return "; ".join(_certificate_label(load(block)) for block in blocks or [data])
    except (ValueError, TypeError):
        return ""


def _certificate_label(certificate: x509.Certificate) -> str:
    subject, issuer = certificate.subject.rfc4514_string(), certificate.issuer.rfc4514_string()
    end = certificate.not_valid_after_utc
    if subject == issuer:
        return f"Self-signed certificate of {show_invisible(subject)}, valid until {end:%Y-%m-%d}"
    return f"Certificate of {show_invisible(subject)}, issued by {show_invisible(issuer)}, valid until {end:%Y-%m-%d}"
