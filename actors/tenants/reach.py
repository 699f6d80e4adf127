"""A question to a service of Microsoft's that needs no sign-in: does it answer, and what time is it there?"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from graph.transport import outbound
from graph.transport.deadline import new_session

SECONDS = 5


class OutOfReach(Exception):
    """The service did not answer; the text says why, without a password."""


@dataclass(frozen=True)
class Reached:
    """`ahead`: seconds that this machine's clock is before the service's; None where it does not tell the time."""

    status: int
    ahead: float | None


def ask(address: str, service: str) -> Reached:
    """Ask the way that runs do: by the proxy of the settings, believing its CA. Raises OutOfReach."""
    try:
        with new_session() as session:
            answer = session.get(address, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as e:
        trouble = outbound.explain(e, service)
        reason = trouble[1] if trouble else f"{getattr(e.args[0], 'reason', e) if e.args else e}"
        raise OutOfReach(reason) from e
    return Reached(answer.status_code, _seconds_ahead(answer.headers.get("Date", "")))


def _seconds_ahead(date: str) -> float | None:
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError):
        return None
