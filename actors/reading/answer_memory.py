"""graph.transport.batch_driver.Memory of a run: in the database, so that waiting, another worker or a crash cost no
second request."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from db.clock import utcnow
from db.runs import answer_cache
from db.runs.claims import Claim
from graph.read.readings import Reading
from graph.transport.answer_json import pack_answer, unpack_answer
from graph.transport.batch_driver import RememberedAnswer
from graph.transport.client import Answer


class RunMemory:
    """The answers of one sort of readings: lists by policy type, policies by run item, …

    `begun_after`: key -> time after which its reading must have begun; an older one begins anew. A key without a time
    is remembered for as long as the run goes on.
    """

    def __init__(self, claim: Claim, sort: str, begun_after: Mapping[Any, datetime] | None = None) -> None:
        self._claim, self._sort, self._begun_after = claim, sort, begun_after or {}
        # Key -> when its reading began, for readings that an earlier message began.
        self.began: dict[Any, datetime] = {}
        # Keys that may have answers here; None before anybody looked. Nobody else keeps any: that takes the claim.
        self._held: set[Any] | None = None
        # A time before the first request whose answer this memory will hold.
        self._asks_since = utcnow()

    def recall(self, keys: Collection[Any]) -> Mapping[Any, Mapping[str, Answer]]:
        self._asks_since = utcnow()
        names = {self._name(key): key for key in keys}
        began = {names[name]: at for name, at in answer_cache.begin_times(self._claim.run, list(names)).items()}
        self._held = (self._held or set()) | began.keys()
        old = [key for key, at in began.items() if key in self._begun_after and at <= self._begun_after[key]]
        if old:
            self.forget(old)
        self.began = {key: at for key, at in began.items() if key not in old}
        answers_by_name = answer_cache.load(self._claim.run, [self._name(key) for key in self.began])
        return {
            names[name]: {path_hash: unpack_answer(document) for path_hash, document in answers.items()}
            for name, answers in answers_by_name.items()
        }

    def keep(self, answers: Sequence[RememberedAnswer]) -> None:
        if self._held is not None:
            self._held |= {key for key, _, _ in answers}
        rows = [(self._name(key), path_hash, pack_answer(answer)) for key, path_hash, answer in answers]
        answer_cache.save(self._claim, rows, asked_at=self._asks_since)

    def read_at(self, key: Any, reading: Reading) -> datetime:
        """Return a time before the reading's first request, be it an earlier message's. Later changes may be missed."""
        here = utcnow() - timedelta(seconds=monotonic() - reading.began)
        return min(here, self.began.get(key, here))

    def forget(self, keys: Collection[Any]) -> None:
        for key in keys:
            self.began.pop(key, None)
        held = [key for key in keys if self._held is None or key in self._held]
        if held:
            answer_cache.delete(self._claim.run, [self._name(key) for key in held])

    def _name(self, key: Any) -> str:
        return f"{self._sort}:{key}"
