"""Drive readings: generators that yield the requests they want next and are sent their answers.

Many go side by side, twenty requests to a $batch call. A memory that outlives the message tells a reading what it was
answered before, so that no request is sent twice: docs/decisions/0007-readings-are-generators.md.
"""

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from graph.errors import GraphError, Malformed, Rejected, Throttled, Unavailable
from graph.transport.answer_json import path_mark
from graph.transport.client import BATCH_SIZE, Answer, Ask, GraphClient, Request, request_of
from graph.transport.rate_limits import batches, largest_batch, services_of

Result = TypeVar("Result")
Reads = Generator[Sequence[Ask], list[Answer], Result]
# A reading's key, the mark of the path it asked (graph.transport.answer_json.path_mark), and the answer.
Told = tuple[Any, str, Answer]


class Ledger(Protocol):
    """Who must know of writes before they are sent, and what became of each (actors/restores/write_recorder.py)."""

    def sending(self, writes: Sequence[tuple[Any, Request]]) -> Sequence[int]:
        """With the keys of those who want them; answers a mark for each. What it raises keeps them from being sent."""

    def answered(self, marks: Sequence[int], answers: Sequence[Answer]) -> None:
        """In the same order."""


class Memory(Protocol):
    """What readings were answered before, by this message or by one that had to wait or died
    (actors/reading/answer_memory.py)."""

    def recall(self, keys: Collection[Any]) -> Mapping[Any, Mapping[str, Answer]]:
        """Key -> mark of the path -> answer."""

    def keep(self, told: Sequence[Told]) -> None: ...

    def forget(self, keys: Collection[Any]) -> None:
        """What these were told holds no more: they begin anew."""


class _NoMemory:
    def recall(self, keys: Collection[Any]) -> Mapping[Any, Mapping[str, Answer]]:
        return {}

    def keep(self, told: Sequence[Told]) -> None:
        pass

    def forget(self, keys: Collection[Any]) -> None:
        pass


def drive(
    client: GraphClient,
    readings: Mapping[Any, Reads[Result]],
    ledger: Ledger | None = None,
    memory: Memory | None = None,
) -> dict[Any, Result | GraphError]:
    """Run the readings in rounds, their requests together; each ends with its result or its error.

    A reading that ended with its result is still in the memory: forget it once the result is recorded.
    """
    return _Drive(client, readings, ledger, memory or _NoMemory()).to_the_end()


def run_one(client: GraphClient, reading: Reads[Result], memory: Memory | None = None, key: Any = None) -> Result:
    """Raises the reading's error."""
    result = drive(client, {key: reading}, memory=memory)[key]
    if isinstance(result, GraphError):
        raise result
    return result


class _Drive:
    def __init__(
        self, client: GraphClient, readings: Mapping[Any, Reads[Any]], ledger: Ledger | None, memory: Memory
    ) -> None:
        self._client, self._readings, self._ledger, self._memory = client, readings, ledger, memory
        self._known = {key: dict(of_key) for key, of_key in memory.recall(readings.keys()).items()}
        self._wanted: dict[Any, list[Request]] = {}
        self._ended: dict[Any, Any] = {}
        # Those that ended for now, because an answer was not to be had.
        self._interrupted: set[Any] = set()

    def to_the_end(self) -> dict[Any, Any]:
        for key in self._readings:
            self._advance(key, None)
        while self._wanted:
            self._round()
        return self._ended

    def _round(self) -> None:
        asked, self._wanted = self._wanted, {}
        slots = [(key, request) for key, requests in asked.items() for request in requests]
        answers = [self._known_answer(*slot) for slot in slots]
        self._ask(slots, answers)
        given = iter(answers)
        for key, requests in asked.items():
            self._advance(key, [next(given) or Answer() for _ in requests])
        # What has its result by now needs nothing kept.
        goes_on = self._wanted.keys() | self._interrupted
        self._keep(slots, answers, [number for number, (key, _) in enumerate(slots) if key in goes_on])

    def _known_answer(self, key: Any, request: Request) -> Answer | None:
        return None if request.is_write else self._known.get(key, {}).get(path_mark(request.path))

    def _advance(self, key: Any, answers: list[Answer] | None) -> None:
        reading = self._readings[key]
        try:
            wanted = next(reading) if answers is None else reading.send(answers)
            self._wanted[key] = [request_of(ask) for ask in wanted]
        except StopIteration as e:
            self._ended[key] = e.value
        except GraphError as e:
            self._ended[key] = e
            if isinstance(e, Throttled | Unavailable) and any(answer.error is e for answer in answers or ()):
                self._interrupted.add(key)
            else:
                # It judged what it was told, and would judge it the same for ever.
                self._forget([key])

    def _ask(self, slots: Sequence[tuple[Any, Request]], answers: list[Answer | None]) -> None:
        """Fill in the answers that are not known yet. What several readings ask alike is asked once."""
        alike: dict[tuple[Any, ...], list[int]] = {}
        for number, (_, request) in enumerate(slots):
            if answers[number] is None:
                alike.setdefault((number,) if request.is_write else (request.path,), []).append(number)
        todo = [numbers[0] for numbers in alike.values()]
        others = {numbers[0]: numbers[1:] for numbers in alike.values()}
        refusals: dict[tuple[str, ...], Throttled] = {}
        requests = [(slots[number][1].method, slots[number][1].path) for number in todo]
        for places in batches(requests, largest_batch(BATCH_SIZE)):
            numbers = [todo[place] for place in places]
            together = [slots[number] for number in numbers]
            found = self._answers_of(together, refusals)
            for number, answer in zip(numbers, found, strict=True):
                for same in (number, *others[number]):
                    answers[same] = answer
            # A crash within the round must not cost those whose other answers are still to come.
            in_need = {key for (key, _), answer in zip(slots, answers, strict=True) if answer is None}
            told = [same for number in numbers for same in (number, *others[number])]
            self._keep(slots, answers, [number for number in told if slots[number][0] in in_need])

    def _answers_of(
        self, together: Sequence[tuple[Any, Request]], refusals: dict[tuple[str, ...], Throttled]
    ) -> list[Answer]:
        requests = [request for _, request in together]
        services = {services_of(request.method, request.path) for request in requests}
        refusal = next((refusals[one] for one in services if one in refusals), None)
        if refusal is not None:
            # Our own budget let nobody through a moment ago: those behind need not ask it again.
            return [Answer(error=refusal)] * len(requests)
        found = self._write(together) if requests[0].is_write else _answers(self._client, requests)
        for answer in found:
            if isinstance(answer.error, Throttled) and answer.error.code == "budget":
                refusals |= dict.fromkeys(services, answer.error)
        return found

    def _write(self, together: Sequence[tuple[Any, Request]]) -> list[Answer]:
        # What was seen of these policies before may be otherwise after: forgotten before it is sent, for a crash.
        self._forget([key for key, _ in together])
        marks = self._ledger.sending(together) if self._ledger else ()
        found = _answers(self._client, [request for _, request in together])
        if self._ledger and marks:
            self._ledger.answered(marks, found)
        return found

    def _keep(self, slots: Sequence[tuple[Any, Request]], answers: Sequence[Answer | None], numbers: list[int]) -> None:
        told = list(self._news((*slots[number], answers[number]) for number in numbers))
        for key, mark, answer in told:
            self._known.setdefault(key, {})[mark] = answer
        if told:
            self._memory.keep(told)

    def _news(self, given: Iterable[tuple[Any, Request, Answer | None]]) -> Iterable[Told]:
        for key, request, answer in given:
            is_new = self._known_answer(key, request) is None
            if answer is not None and is_new and not request.is_write and _is_final(answer):
                yield key, path_mark(request.path), answer

    def _forget(self, keys: Iterable[Any]) -> None:
        remembered = [key for key in keys if self._known.pop(key, None)]
        if remembered:
            self._memory.forget(remembered)


def _is_final(answer: Answer) -> bool:
    return answer.error is None or isinstance(answer.error, Rejected)


def _answers(client: GraphClient, requests: list[Request]) -> list[Answer]:
    try:
        return client.batch(requests)
    except Malformed as e:
        if len(requests) == 1 or requests[0].is_write or e.code not in ("malformed", "too_large"):
            return [Answer(error=e)] * len(requests)
        # One damaged part makes the whole unreadable: by halves, the others are read all the same. Never a write.
        half = len(requests) // 2
        return _answers(client, requests[:half]) + _answers(client, requests[half:])
    except GraphError as e:
        # The call as a whole failed: so did each of its parts.
        return [Answer(error=e)] * len(requests)
