"""graph.driving.Memory of a run: in the database, so that waiting, another worker or a crash cost no second request."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from db import answers
from db.clock import utcnow
from db.runs import Claim
from graph.answers import packed, unpacked
from graph.client import Answer
from graph.driving import Told


class RunMemory:
    """Of one sort of readings: lists by policy type, policies by run item, …

    `holds`: how long a reading may have been at rest until it begins anew; None: for as long as the run goes on.
    """

    def __init__(self, claim: Claim, sort: str, holds: timedelta | None = None) -> None:
        self._claim, self._sort, self._holds = claim, sort, holds

    def recall(self, keys: Collection[Any]) -> Mapping[Any, Mapping[str, Answer]]:
        names = {self._name(key): key for key in keys}
        since = utcnow() - self._holds if self._holds else None
        found = answers.of(self._claim.run, list(names), since)
        return {
            names[name]: {mark: unpacked(document) for mark, document in told.items()} for name, told in found.items()
        }

    def keep(self, told: Sequence[Told]) -> None:
        answers.keep(self._claim, [(self._name(key), mark, packed(answer)) for key, mark, answer in told])

    def forget(self, keys: Collection[Any]) -> None:
        answers.forget(self._claim.run, [self._name(key) for key in keys])

    def _name(self, key: Any) -> str:
        return f"{self._sort}:{key}"
