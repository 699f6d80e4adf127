"""Words in Microsoft's ids, which are written together and small: “devicepasswordenabled”.

The words are those of Microsoft's own model, whose names are written with humps. An id is split only where there is one
way to do so with the fewest words; else it stays as it is: a wrong word would be worse than a long one.
"""

import re
from functools import cache, lru_cache

from graph.microsoft import model

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SHORTEST, _LONGEST = 3, 20
_SHORT_WORDS = frozenset({"by", "id", "in", "ip", "is", "no", "of", "on", "or", "os", "pc", "to", "ui", "up"})
# In names of settings, and not in the model's; and names of products, which are one word.
_MORE_WORDS = frozenset(
    {
        "allowed", "archive", "bitlocker", "camera", "configure", "hello", "ids", "matching", "onedrive", "paranoid",
        "prevent", "puas", "scanning", "screenshot", "smartscreen", "telemetry", "toast", "update", "wifi",
    }
)  # fmt: skip
_AS_WRITTEN = {"bitlocker": "BitLocker", "onedrive": "OneDrive", "smartscreen": "SmartScreen", "wifi": "Wi-Fi",
               "id": "ID", "ids": "IDs", "ip": "IP", "os": "OS", "pc": "PC", "ui": "UI", "usb": "USB", "vpn": "VPN",
               "pin": "PIN", "url": "URL", "tpm": "TPM", "dns": "DNS"}  # fmt: skip


@cache
def _words() -> frozenset[str]:
    names = (name for type_name in model.type_names() for name in model.properties(type_name))
    words = {word.lower() for name in names for word in _WORD.findall(name)}
    return frozenset(word for word in words if len(word) >= _SHORTEST) | _SHORT_WORDS | _MORE_WORDS


@lru_cache(8192)
def split_words(text: str) -> str:
    """Return “Device Password Enabled” for devicepasswordenabled; a text with no one way to split it stays one word."""
    found = _split(text) if text.isascii() and text.isalpha() else []
    words = found[0] if len(found) == 1 else [text]
    return " ".join(_AS_WRITTEN.get(word, word[:1].upper() + word[1:]) for word in words)


def _split(text: str) -> list[list[str]]:
    """Return the ways to split the text into the fewest words; of several ways no more than two."""
    ways: dict[int, list[list[str]]] = {0: [[]]}
    for end in range(1, len(text) + 1):
        begins = [
            begin for begin in range(max(0, end - _LONGEST), end) if begin in ways and text[begin:end] in _words()
        ]
        found = [[*way, text[begin:end]] for begin in begins for way in ways[begin]]
        if found:
            fewest = min(map(len, found))
            ways[end] = [way for way in found if len(way) == fewest][:2]
    return ways.get(len(text), [])
