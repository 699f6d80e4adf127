"""One spelling for values that have several: times, durations, ids, base64 and flags.

Kinds as in Microsoft's model; spellings that OData allows for one value (Edm.DateTimeOffset, Edm.Duration,
Edm.TimeOfDay, Edm.Guid, Edm.Binary: docs.oasis-open.org, OData ABNF 4.01). A text that is no value of its kind stays as
it is.
"""

import base64
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d(?::\d\d)?)(\.\d+)?(?:[Zz]|([+-]\d\d:\d\d))")
_TIME = re.compile(r"(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?")
_LONG_TIME = re.compile(r"\d\d:\d\d:\d\d\.0+")
_DURATION = re.compile(
    r"([+-]?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d+))?S)?)?"
)
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GUID_LENGTH = 36


def normalise_spelling(kind: str, value: Any) -> Any:
    """Return the value in its one spelling; `kind` is "" where nobody knows it."""
    if isinstance(value, str):
        return speller(kind)(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def speller(kind: str) -> Callable[[str], str]:
    """Return the function that returns a text of this kind in its one spelling."""
    return _NORMALISERS.get(kind, _text)


def _text(value: str) -> str:
    """Unify a text, or a value of unknown kind: an id in capitals is the same id, 08:00:00.0000000 the same time."""
    if len(value) == _GUID_LENGTH and GUID.fullmatch(value):
        return value.lower()
    if value[2:3] == ":" and _LONG_TIME.fullmatch(value):
        return value.partition(".")[0]
    return _date_time(value) if value[4:5] == "-" else value


def _date_time(value: str) -> str:
    match = _DATE_TIME.fullmatch(value)
    if not match:
        return value
    day, time, fraction, offset = match.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{time}{offset or '+00:00'}").astimezone(UTC)
    except (ValueError, OverflowError):
        return value
    # Microsoft's seven digits are one more than Python's: the fraction is kept as text.
    return f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + _fraction(fraction and fraction[1:]) + "Z"


def _time(value: str) -> str:
    match = _TIME.fullmatch(value)
    return f"{match[1]}:{match[2] or '00'}{_fraction(match[3])}" if match else value


def _duration(value: str) -> str:
    match = _DURATION.fullmatch(value.upper())
    if not match or not any(match.groups()[1:]):
        return value
    years, months, weeks, days, hours, minutes, seconds = (int(digits or 0) for digits in match.groups()[1:8])
    months, fraction = years * 12 + months, _fraction(match[9])
    seconds += (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60
    if not (months or seconds or fraction):
        return "PT0S"
    # A month has no fixed length: it stays apart from the rest.
    (minutes, seconds), sign = divmod(seconds, 60), "-" if match[1] == "-" else ""
    (hours, minutes), (days, hours) = divmod(minutes, 60), divmod(minutes // 60, 24)
    day = "".join(f"{amount}{unit}" for amount, unit in ((months, "M"), (days, "D")) if amount)
    time = "".join(f"{amount}{unit}" for amount, unit in ((hours, "H"), (minutes, "M")) if amount)
    time += f"{seconds}{fraction}S" if seconds or fraction else ""
    return f"{sign}P{day}{'T' if time else ''}{time}"


def _fraction(digits: str | None) -> str:
    significant = (digits or "").rstrip("0")
    return f".{significant}" if significant else ""


def _guid(value: str) -> str:
    return value.strip("{}").lower() if GUID.fullmatch(value.strip("{}")) else value


def _binary(value: str) -> str:
    """Return base64 without line breaks, with padding, in the usual alphabet."""
    bare = re.sub(r"\s+", "", value).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64encode(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)).decode()
    except ValueError:
        return value


def _flags(value: str) -> str:
    """Sort the words: “b, a” and “a,b” are one set."""
    return ",".join(sorted({word.strip() for word in value.split(",")} - {""}))


_NORMALISERS: Mapping[str, Callable[[str], str]] = {
    "dateTime": _date_time,
    "time": _time,
    "duration": _duration,
    "guid": _guid,
    "binary": _binary,
    "flags": _flags,
    # A list of them may hold several in one string: "password,softwareOath" of an authentication strength.
    "enum": _flags,
}
