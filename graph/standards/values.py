"""Values of a standard's parameters: what may be written into many tenants' policies, and what may not."""

import re
from collections.abc import Mapping
from typing import Any

# db.states.ParameterKind has the same words.
OBJECT, PREFIX, DOMAIN, ADDRESS, NUMBER, TEXT = "object", "prefix", "domain", "address", "number", "text"
# Kinds whose values no text can be broken with: no quotes, no brackets, no blanks.
HARMLESS = frozenset({DOMAIN, ADDRESS})

# RFC 1035 §2.3.1 and RFC 1123 §2.1: labels of letters, digits and hyphens, 253 characters in all; here at least two.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN_TEXT = rf"{_LABEL}(?:\.{_LABEL})+"
ADDRESS_TEXT = rf"[a-z0-9._%+'-]{{1,64}}@{DOMAIN_TEXT}"
_DOMAIN = re.compile(DOMAIN_TEXT, re.IGNORECASE)
_ADDRESS = re.compile(rf"[a-z0-9._%+-]{{1,64}}@{DOMAIN_TEXT}", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"-?\d{1,9}")
_CONTROLS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST_PREFIX, LONGEST_TEXT = 60, 255


def checked(parameter: Mapping[str, Any], value: Any) -> str | int:
    """Return the value as it is kept. Raises ValueError with a sentence that says what is wrong with it."""
    kind, label = str(parameter["kind"]), str(parameter["label"])
    text = str(value).strip(" ") if kind == PREFIX else str(value).strip()
    text = str(value) if kind == PREFIX and text else text
    if kind == OBJECT:
        raise ValueError(f"{label}: an object is chosen with a mapping, not with a value.")
    if kind == NUMBER:
        return _number(parameter, text)
    if kind == DOMAIN:
        return _of_pattern(_DOMAIN, text.lower(), 253, f"{label}: “{text[:80]}” is no domain, like contoso.com.")
    if kind == ADDRESS:
        return _of_pattern(_ADDRESS, text, 320, f"{label}: “{text[:80]}” is no e-mail address.")
    longest = _LONGEST_PREFIX if kind == PREFIX else LONGEST_TEXT
    if len(text) > longest:
        raise ValueError(f"{label}: it may have {longest} characters, and has {len(text)}.")
    if _CONTROLS.search(text):
        raise ValueError(f"{label}: it may not hold line breaks or control characters.")
    if not text and kind != PREFIX:
        raise ValueError(f"{label}: write what stands for “{str(parameter['default'])[:80]}” in this tenant.")
    return text


def _number(parameter: Mapping[str, Any], text: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(f"{parameter['label']}: “{text[:80]}” is no whole number.")
    number, default = int(text), parameter["default"]
    if number < 0 and not (isinstance(default, int) and default < 0):
        raise ValueError(f"{parameter['label']}: a number below zero means nothing here.")
    return number


def _of_pattern(pattern: re.Pattern[str], text: str, longest: int, sentence: str) -> str:
    if len(text) > longest or not pattern.fullmatch(text):
        raise ValueError(sentence)
    return text
