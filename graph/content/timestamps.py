import re
from datetime import UTC, datetime, timedelta
from typing import Any

_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)?$")
_PORTABLE = re.compile(r"/Date\((-?\d+)\)/$")


def parse_time(value: Any) -> datetime | None:
    """Graph's time as naive UTC. 0 to 7 fraction digits; year 1 means never; PowerShell's /Date(ms)/ in exports."""
    if not isinstance(value, str):
        return None
    try:
        return _portable(value) or _iso(value)
    except (ValueError, OverflowError):  # the 45th of a 13th month, the year 300,000
        return None


def _portable(value: str) -> datetime | None:
    found = _PORTABLE.match(value)
    return datetime(1970, 1, 1) + timedelta(milliseconds=int(found[1])) if found else None


def _iso(value: str) -> datetime | None:
    iso = _ISO.match(value)
    if not iso or iso[1].startswith("0001-"):
        return None
    fraction = (iso[2] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if iso[3] in {None, "Z"} else iso[3]
    return datetime.fromisoformat(f"{iso[1]}.{fraction}{zone}").astimezone(UTC).replace(tzinfo=None)
