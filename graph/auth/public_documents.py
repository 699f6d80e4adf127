"""Entra ID's public documents, kept in the process, and a bound on how many people who are not signed in ask at once.

Whoever opens `/sign-in/entra` causes requests to Entra. Its addresses and its signing keys are the same for everybody
and are kept; only the exchange of a code is left to ask.
"""

import time
from threading import BoundedSemaphore, Lock
from typing import Any

import requests

from graph.auth.app_sign_in import LoginSession, unreachable_error
from graph.auth.clouds import Endpoints
from graph.errors import Unavailable
from graph.transport import deadline

# As often as Microsoft's own libraries ask (learn.microsoft.com: ConfigurationManager, AutomaticRefreshInterval and
# RefreshInterval): twice a day. For a key that is not among those kept: sooner, but not more often than this.
MAX_AGE_SECONDS = 12 * 3600.0
MIN_REFRESH_SECONDS = 300.0
# After a failure, nobody asks again for so long.
PAUSE_SECONDS = 5.0

# A person waits for the answer. A web process has eight threads; a slow Entra holds no more than three of them.
TIMEOUT = (3, 5)
TOTAL_SECONDS = 8.0
MAX_CONCURRENT = 3
_asking = BoundedSemaphore(MAX_CONCURRENT)


class _DocumentCache:
    """Keeps, for each address, when it was asked for and its answer; None if that failed."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[float, requests.Response | None]] = {}
        self._lock = Lock()

    def get(self, address: str, no_older_than: float) -> requests.Response | None:
        """Return the answer if it is young enough, else None. Raises Unavailable when asking failed a moment ago."""
        with self._lock:
            at, answer = self._answers.get(address, (float("-inf"), None))
        age = time.monotonic() - at
        if answer is None and age < PAUSE_SECONDS:
            raise unreachable_error()
        return answer if age < no_older_than else None

    def put(self, address: str, answer: requests.Response | None) -> None:
        with self._lock:
            self._answers[address] = time.monotonic(), answer


_documents = _DocumentCache()


class EntraSession(LoginSession):
    """The HTTP client that MSAL is given where a person signs in."""

    def __init__(self, endpoints: Endpoints) -> None:
        super().__init__(endpoints)
        for scheme in ("https://", "http://"):
            self.mount(scheme, deadline.adapter(TOTAL_SECONDS))

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request. Raises Unavailable at once when Entra is slow and holds as many threads as it may."""
        if not _asking.acquire(blocking=False):
            raise Unavailable("sign_in_busy", "Entra ID is slow to answer just now. Try again in a few seconds.")
        try:
            return super().request(method, url, *args, **{"timeout": TIMEOUT, **kwargs})
        finally:
            _asking.release()

    def get(self, url: Any, **kwargs: Any) -> requests.Response:
        """Return a public document: whatever MSAL gets, rather than posts, is the same for everybody."""
        return self.get_document(str(url), **kwargs)

    def get_document(self, address: str, no_older_than: float = MAX_AGE_SECONDS, **kwargs: Any) -> requests.Response:
        real_url = self._real_url(address)
        cached = _documents.get(real_url, no_older_than)
        return cached or self._fetch(address, real_url, **kwargs)

    def _fetch(self, address: str, real_url: str, **kwargs: Any) -> requests.Response:
        try:
            answer = super().get(address, **kwargs)
        except requests.RequestException:
            _documents.put(real_url, None)
            raise
        _documents.put(real_url, answer if answer.ok else None)
        return answer
