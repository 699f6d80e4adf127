"""Observers of runs: they hear of each beginning and end, and count and trace; there is none until `observe`.

db knows neither Redis nor OpenTelemetry: layers above do.
"""

from contextvars import ContextVar

# The id of the web request that is being answered, for the runs that it starts.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


class RunObserver:
    """Hears of each run. This one does nothing with it."""

    def begins(self, kind: str) -> str | None:
        """Return the trace that a new run belongs to, as a W3C traceparent, or None where nothing is traced."""

    def ended(self, kind: str, state: str, seconds: float) -> None:
        """Hear of a run that ended, just before that is committed. `seconds`: since it was claimed first."""


_observer = RunObserver()


def observe(observer: RunObserver) -> None:
    """Let this observer hear of the runs of this process, in place of the one before."""
    global _observer
    _observer = observer


def observer() -> RunObserver:
    return _observer
