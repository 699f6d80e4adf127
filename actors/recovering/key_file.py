"""Reading a recovery key as people keep it: as age-keygen writes it, or as the page that we print has it; saved by an
editor that adds marks of its own; sealed by a passphrase (`age -p`), armoured or not.
"""

import base64
import codecs
import re
from collections.abc import Callable
from io import BytesIO

from db.errors import Invalid
from db.installation import age_file

# The mark that an editor, or PowerShell's >, puts before a text -> how the text is written.
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ARMOUR = re.compile(r"-----BEGIN AGE ENCRYPTED FILE-----(.*?)-----END AGE ENCRYPTED FILE-----", re.DOTALL)
_KEY = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]*")
# What people take for the key, and what it is. A text that has the first is none of the others.
_OTHERS = {
    "-----BEGIN AGE ENCRYPTED FILE": (
        "This is a part of a file that age sealed. Give the file as a whole, with --key-file."
    ),
    "AGE-SECRET-KEY-PQ-1": (
        "This is a post-quantum key of age, to which no copy here is sealed. Give the recovery key that begins with "
        "AGE-SECRET-KEY-1."
    ),
    "AGE-PLUGIN-": (
        "This names a key that a device or a plugin of age holds, which Tenantkeep does not ask. Give the recovery key "
        "that begins with AGE-SECRET-KEY-1."
    ),
    "-----BEGIN ": (
        "This is a key of another kind, as for SSH or a certificate. Give the recovery key, which begins with "
        "AGE-SECRET-KEY-1."
    ),
    "AGE1": (
        "This is the public half of a recovery key, which only seals. Give the key itself, which begins with "
        "AGE-SECRET-KEY-1."
    ),
}
NO_KEY = "This is no recovery key: one begins with AGE-SECRET-KEY-1, and is given whole."


def identities_in(data: bytes, ask_passphrase: Callable[[], str]) -> list[object]:
    """Return the secret keys in a file or a text, which is opened first where a passphrase seals it.

    Raises Invalid, which says what it is instead, and holds nothing of it.
    """
    sealed = _sealed_in(data)
    if sealed is not None:
        data = age_file.open_with_passphrase(BytesIO(sealed), ask_passphrase()).read()
    return _read_identities(as_text(data))


def as_text(data: bytes) -> str:
    """Return the text that was saved so, without the mark before it."""
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    return data.decode(encoding, "replace")


def _sealed_in(data: bytes) -> bytes | None:
    """Return the age file that this is, out of its armour; None where it is none."""
    if data.startswith(age_file.TITLE):
        return data
    armoured = _ARMOUR.search(as_text(data))
    if armoured is None:
        return None
    try:
        return base64.b64decode("".join(armoured[1].split()), validate=True)
    except ValueError:
        raise Invalid(age_file.DAMAGED) from None


def _read_identities(text: str) -> list[object]:
    import pyrage  # a library in Rust: only what opens such files waits for it

    told = [line.upper() for line in text.splitlines() if not line.lstrip().startswith("#")]
    keys = _KEY.findall("\n".join(told))
    try:
        found: list[object] = [pyrage.x25519.Identity.from_str(key) for key in dict.fromkeys(keys)]
    except pyrage.IdentityError:
        raise Invalid("This recovery key is not whole, or mistyped: a letter of it is wrong or missing.") from None
    if not found:
        raise Invalid(_what_it_is(" ".join(told)))
    return found


def _what_it_is(text: str) -> str:
    if not text.strip():
        return "No recovery key was given: it begins with AGE-SECRET-KEY-1."
    return next((sentence for mark, sentence in _OTHERS.items() if mark in text), NO_KEY)
