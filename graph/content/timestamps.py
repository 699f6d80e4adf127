"""Graph's times."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$")
_PORTABLE = re.compile(r"/Date\((-?\d+)\)/$")


def parse_time(value: Any) -> datetime | None:
    """Return Graph's time as naive UTC; None for no time, and for year 1, which means never.

    It takes 0 to 7 digits of a fraction, and PowerShell's /Date(ms)/, which exports hold.
    """
    if not isinstance(value, str):
        return None
    try:
        return _portable(value) or _iso(value)
    except (ValueError, OverflowError):  # the 45th of a 13th month, the year 300,000
        return None


def _portable(value: str) -> datetime | None:
    match = _PORTABLE.match(value)
    return datetime(1970, 1, 1) + timedelta(milliseconds=int(match[1])) if match else None


def _iso(value: str) -> datetime | None:
    match = _ISO.match(value)
    if not match or match[1].startswith("0001-"):
        return None
    fraction = (match[2] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if match[3] in {None, "Z"} else match[3]
    return datetime.fromisoformat(f"{match[1]}.{fraction}{zone}").astimezone(UTC).replace(tzinfo=None)
