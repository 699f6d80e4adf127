"""The observer of calls to Graph, which counts and traces them: service, method, status and time, and no content."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# The service of a $batch as a whole; each of its parts has its own.
BATCH = "batch"


@dataclass
class ObservedCall:
    """A call under way. `status`: that of its answer, or a word where none came."""

    status: str = "unreachable"


class CallObserver:
    """Hears of each call. This one does nothing with it."""

    @contextmanager
    def calling(self, service: str, method: str) -> Iterator[ObservedCall]:
        """Surround a call to a service of graph/transport/rate_limits.py, or to BATCH."""
        yield ObservedCall()

    def answered_part(self, service: str, status: str) -> None:
        """Hear of the answer to a part of a $batch."""


NOBODY = CallObserver()
