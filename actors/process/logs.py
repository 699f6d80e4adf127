"""Logging: one line per event, with the run it belongs to, and with secrets masked before anything is written."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from db.database import DISK_FULL, is_disk_full, is_unreachable
from graph.errors import redact

_context: ContextVar[dict[str, Any]] = ContextVar("log_context", default={})  # noqa: B039 - never changed in place

# Attributes that every LogRecord has; all others came through extra= and belong in the line.
_RECORD_FIELDS = set(vars(logging.LogRecord("", 0, "", 0, "", (), None)))
_RECORD_FIELDS |= {"message", "asctime", "taskName", "color_message", "is_repeated"}
REPEAT_SECONDS = 60
# Pass it as extra= with a line that a loop would log again and again.
REPEATED = {"is_repeated": True}


def bind(**values: Any) -> None:
    _context.set({name: value for name, value in values.items() if value is not None})


def bind_also(**values: Any) -> None:
    """Bind more beside what is bound already."""
    bind(**{**_context.get(), **values})


def unbind() -> None:
    _context.set({})


class LineFormatter(logging.Formatter):
    """Formats a line as plain text or as one JSON object, redacted, with the exception's text."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self._as_json = style == "json"

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            **_context.get(),
            **{name: value for name, value in vars(record).items() if name not in _RECORD_FIELDS},
        }
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        if self._as_json:
            line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": message, **fields}
            return redact(json.dumps(line, default=str, ensure_ascii=False))
        extra = " ".join(f"{name}={value}" for name, value in fields.items())
        return redact(f"{at} {record.levelname:<7} {record.name}: {message} {extra}".rstrip())


class OutageFilter(logging.Filter):
    """Lets an outage through once a minute, in one sentence: each heartbeat, sweep and run would log its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._reported_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        outage = _outage(record.exc_info[1]) if record.exc_info else None
        if outage:
            record.msg, record.args = f"{record.getMessage().rstrip('.')}: {outage}", ()
            record.exc_info = None
        elif getattr(record, "is_repeated", False):
            outage = record.getMessage()
        return outage is None or self._is_news(outage)

    def _is_news(self, outage: str) -> bool:
        now = monotonic()
        self._reported_at = {outage: at for outage, at in self._reported_at.items() if now - at < REPEAT_SECONDS}
        is_news = outage not in self._reported_at
        self._reported_at.setdefault(outage, now)
        return is_news


def _outage(error: BaseException | None) -> str | None:
    """Return one sentence when the error says that the database or Redis is away or full."""
    if error is None:
        return None
    if is_disk_full(error):
        return DISK_FULL
    if is_unreachable(error):
        return f"The database does not answer: {first_line(error)}"
    import redis  # only here: it takes longer to import than most commands take

    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return f"Redis does not answer: {str(error).rstrip('.')}."
    return None


def first_line(error: BaseException) -> str:
    """Return the error's first line. A driver adds the statement and the place in it on further lines."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".") + "."


def configure(style: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(style))
    handler.addFilter(OutageFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # MSAL and urllib3 speak of every request; their own warnings are enough.
    for name in ("msal", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
