"""Logging: one line per event, with the run it belongs to, and with secrets masked before anything is written."""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from graph.errors import redact

_context: ContextVar[dict[str, Any]] = ContextVar("log_context", default={})  # noqa: B039 - never changed in place

# What a LogRecord has of its own; all else came through extra= and belongs in the line.
_OWN = set(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName", "color_message"}


def bind(**values: Any) -> None:
    _context.set({name: value for name, value in values.items() if value is not None})


def unbind() -> None:
    _context.set({})


class Line(logging.Formatter):
    """Plain text or one JSON object; either way through `redact`, the exception's text included."""

    def __init__(self, style: str) -> None:
        super().__init__()
        self._as_json = style == "json"

    def format(self, record: logging.LogRecord) -> str:
        fields = {**_context.get(), **{name: value for name, value in vars(record).items() if name not in _OWN}}
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        if self._as_json:
            line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "message": message, **fields}
            return redact(json.dumps(line, default=str, ensure_ascii=False))
        extra = " ".join(f"{name}={value}" for name, value in fields.items())
        return redact(f"{at} {record.levelname:<7} {record.name}: {message} {extra}".rstrip())


def configure(style: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(Line(style))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # MSAL and urllib3 speak of every request; their own warnings are enough.
    for name in ("msal", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
