"""Asking Entra ID on behalf of people who are not signed in yet: seldom, briefly, and few at once.

Whoever opens `/sign-in/entra` causes this. What Entra says to everybody, where its addresses are and what it signs
with, is kept in the process; what is left to ask is the exchange of a code.
"""

import time
from threading import BoundedSemaphore, Lock
from typing import Any

import requests

from graph.auth.app_sign_in import LoginSession, unreachable
from graph.auth.clouds import Endpoints
from graph.errors import Unavailable
from graph.transport import deadline

# As Microsoft's own libraries do (learn.microsoft.com: ConfigurationManager, AutomaticRefreshInterval and
# RefreshInterval): twice a day, and sooner, but not more often than this, for a key that is not among those kept.
KEPT_SECONDS = 12 * 3600.0
ANEW_SECONDS = 300.0
# What just failed is not tried again by the next one who comes.
PAUSE_SECONDS = 5.0

# Somebody sits before it. Of web's threads, of which a process has eight, a slow Entra holds no more than these.
TIMEOUT = (3, 5)
TOTAL_SECONDS = 8.0
AT_ONCE = 3
_asking = BoundedSemaphore(AT_ONCE)


class _Documents:
    """Address -> its answer and when it was asked for; None: it could not be had."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, requests.Response | None]] = {}
        self._lock = Lock()

    def find(self, address: str, no_older_than: float) -> requests.Response | None:
        """None: ask for it. Raises Unavailable when that failed a moment ago."""
        with self._lock:
            at, found = self._kept.get(address, (float("-inf"), None))
        age = time.monotonic() - at
        if found is None and age < PAUSE_SECONDS:
            raise unreachable()
        return found if age < no_older_than else None

    def keep(self, address: str, found: requests.Response | None) -> None:
        with self._lock:
            self._kept[address] = time.monotonic(), found


_documents = _Documents()


class EntraSession(LoginSession):
    """MSAL's HTTP client where a person signs in."""

    def __init__(self, endpoints: Endpoints) -> None:
        super().__init__(endpoints)
        for scheme in ("https://", "http://"):
            self.mount(scheme, deadline.adapter(TOTAL_SECONDS))

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Raises Unavailable at once when Entra is slow, and holds as many threads as it may."""
        if not _asking.acquire(blocking=False):
            raise Unavailable("sign_in_busy", "Entra ID is slow to answer just now. Try again in a few seconds.")
        try:
            return super().request(method, url, *args, **{"timeout": TIMEOUT, **kwargs})
        finally:
            _asking.release()

    def get(self, url: Any, **kwargs: Any) -> requests.Response:
        """All that MSAL gets, rather than posts, is the same for everybody."""
        return self.document(str(url), **kwargs)

    def document(self, address: str, no_older_than: float = KEPT_SECONDS, **kwargs: Any) -> requests.Response:
        place = self._mapped(address)
        found = _documents.find(place, no_older_than)
        return found or self._asked(address, place, **kwargs)

    def _asked(self, address: str, place: str, **kwargs: Any) -> requests.Response:
        try:
            answer = super().get(address, **kwargs)
        except requests.RequestException:
            _documents.keep(place, None)
            raise
        _documents.keep(place, answer if answer.ok else None)
        return answer
