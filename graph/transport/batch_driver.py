"""Drive readings: generators that yield the requests they want next and are sent their answers.

Many go side by side, twenty requests to a $batch call. A memory that outlives the message tells a reading what it was
answered before, so that no request is sent twice: docs/decisions/0007-readings-are-generators.md.
"""

import uuid
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from graph.errors import GraphError, Malformed, Rejected, Throttled, Unavailable
from graph.transport.answer_json import path_hash
from graph.transport.client import (
    BATCH_SIZE,
    REQUEST_ID,
    Answer,
    Ask,
    BeforeSending,
    GraphClient,
    Request,
    to_request,
)
from graph.transport.rate_limits import NEVER_IN_A_BATCH, batches, largest_batch, service_of, services_of

Result = TypeVar("Result")
# Batches of reads under way at once in one drive: as many as hide the time of one behind the work on another.
SIDE_BY_SIDE = 4
Slots = Sequence[tuple[Any, "Request"]]
# Yields the requests that it wants next, is sent their answers, and returns its result.
RequestSteps = Generator[Sequence[Ask], list[Answer], Result]
# A reading's key, the hash of the path that it asked for, and the answer.
RememberedAnswer = tuple[Any, str, Answer]


class WriteLog(Protocol):
    """Is told of writes before they are sent, and what became of each (actors/restores/write_recorder.py)."""

    def record_sending(self, writes: Sequence[tuple[Any, Request]]) -> Sequence[int]:
        """Note (key, request) pairs and return an id for each. If it raises, none of them is sent.

        Each request has an id of its own (its header client.REQUEST_ID): by it the tenant's audit log tells our writes.
        """

    def record_answers(self, write_ids: Sequence[int], answers: Sequence[Answer]) -> None:
        """Note what Graph answered, in the order of the ids."""


class Memory(Protocol):
    """Keeps the answers that readings got, for a later message of the same run: one waits, or its worker dies
    (actors/reading/answer_memory.py)."""

    def recall(self, keys: Collection[Any]) -> Mapping[Any, Mapping[str, Answer]]:
        """Return {key: {hash of the path: answer}}."""

    def keep(self, answers: Sequence[RememberedAnswer]) -> None: ...

    def forget(self, keys: Collection[Any]) -> None:
        """Drop the answers of these readings: they begin anew."""


class _NoMemory:
    def recall(self, keys: Collection[Any]) -> Mapping[Any, Mapping[str, Answer]]:
        return {}

    def keep(self, answers: Sequence[RememberedAnswer]) -> None:
        pass

    def forget(self, keys: Collection[Any]) -> None:
        pass


def drive(
    client: GraphClient,
    readings: Mapping[Any, RequestSteps[Result]],
    write_log: WriteLog | None = None,
    memory: Memory | None = None,
) -> dict[Any, Result | GraphError]:
    """Run the readings in rounds, their requests together; each ends with its result or its error.

    A reading that ended with its result is still in the memory: forget it once the result is recorded.
    """
    return _Drive(client, readings, write_log, memory or _NoMemory()).run()


def drive_one(
    client: GraphClient,
    reading: RequestSteps[Result],
    memory: Memory | None = None,
    key: Any = None,
    *,
    is_asked_anew: bool = False,
) -> Result:
    """Run one reading and return its result. Raises its error.

    `is_asked_anew`: nobody records the result, so each later message drives the reading again. The memory then holds
    its last answers too, and it costs no request.
    """
    result: Result | GraphError = _Drive(client, {key: reading}, None, memory or _NoMemory(), is_asked_anew).run()[key]
    if isinstance(result, GraphError):
        raise result
    return result


class _Drive:
    def __init__(
        self,
        client: GraphClient,
        readings: Mapping[Any, RequestSteps[Any]],
        write_log: WriteLog | None,
        memory: Memory,
        remembers_end: bool = False,
    ) -> None:
        self._client, self._readings, self._write_log, self._memory = client, readings, write_log, memory
        self._remembers_end = remembers_end
        self._known = {key: dict(of_key) for key, of_key in memory.recall(readings.keys()).items()}
        self._waiting: dict[Any, list[Request]] = {}
        self._ended: dict[Any, Any] = {}
        # Readings that ended for now, because an answer could not be had: their memory is kept.
        self._interrupted: set[Any] = set()

    def run(self) -> dict[Any, Any]:
        for key in self._readings:
            self._advance(key, None)
        while self._waiting:
            self._run_round()
        return self._ended

    def _run_round(self) -> None:
        waiting, self._waiting = self._waiting, {}
        if replayed := [key for key, requests in waiting.items() if self._is_known(key, requests)]:
            # First as far as memory leads, so that nothing new is asked before what was begun can go on.
            self._waiting = {key: requests for key, requests in waiting.items() if key not in replayed}
            for key in replayed:
                self._advance(key, [self._known_answer(key, request) or Answer() for request in waiting[key]])
            return
        slots = [(key, request) for key, requests in waiting.items() for request in requests]
        answers = [self._known_answer(*slot) for slot in slots]
        self._fill_in(slots, answers)
        next_answer = iter(answers)
        for key, requests in waiting.items():
            self._advance(key, [next(next_answer) or Answer() for _ in requests])
        # A reading that has its result by now needs nothing remembered, where that is recorded.
        goes_on = self._waiting.keys() | self._interrupted | (self._succeeded() if self._remembers_end else set())
        self._keep(slots, answers, [number for number, (key, _) in enumerate(slots) if key in goes_on])

    def _succeeded(self) -> set[Any]:
        return {key for key, result in self._ended.items() if not isinstance(result, GraphError)}

    def _is_known(self, key: Any, requests: Sequence[Request]) -> bool:
        return bool(requests) and all(self._known_answer(key, request) for request in requests)

    def _known_answer(self, key: Any, request: Request) -> Answer | None:
        return None if request.is_write else self._known.get(key, {}).get(path_hash(request.path))

    def _advance(self, key: Any, answers: list[Answer] | None) -> None:
        reading = self._readings[key]
        try:
            asks = next(reading) if answers is None else reading.send(answers)
            self._waiting[key] = [to_request(ask) for ask in asks]
        except StopIteration as e:
            self._ended[key] = e.value
        except GraphError as e:
            self._ended[key] = e
            if isinstance(e, Throttled | Unavailable) and any(answer.error is e for answer in answers or ()):
                self._interrupted.add(key)
            else:
                # It judged the answers themselves, and would judge the same ones again for ever.
                self._forget([key])

    def _fill_in(self, slots: Sequence[tuple[Any, Request]], answers: list[Answer | None]) -> None:
        """Fill in the answers that are not known yet. A path that several readings want is asked for once."""
        same_request: dict[tuple[Any, ...], list[int]] = {}
        for number, (_, request) in enumerate(slots):
            if answers[number] is None:
                same_request.setdefault((number,) if request.is_write else (request.path,), []).append(number)
        unanswered = [numbers[0] for numbers in same_request.values()]
        others = {numbers[0]: numbers[1:] for numbers in same_request.values()}
        refusals: dict[tuple[str, ...], Throttled] = {}
        requests = [(slots[number][1].method, slots[number][1].path) for number in unanswered]
        sent = [[unanswered[place] for place in places] for places in batches(requests, largest_batch(BATCH_SIZE))]
        for numbers, batch_answers in self._send_all(slots, sent, refusals):
            for number, answer in zip(numbers, batch_answers, strict=True):
                for same in (number, *others[number]):
                    answers[same] = answer
            # A crash within the round must not cost a reading that still waits for its other answers.
            in_need = {key for (key, _), answer in zip(slots, answers, strict=True) if answer is None}
            answered = [same for number in numbers for same in (number, *others[number])]
            self._keep(slots, answers, [number for number in answered if slots[number][0] in in_need])

    def _send_all(
        self, slots: Slots, sent: Sequence[list[int]], refusals: dict[tuple[str, ...], Throttled]
    ) -> Iterator[tuple[list[int], list[Answer]]]:
        """Send these batches, each of the numbers of its slots, and yield each with its answers.

        Some batches of reads go side by side: each waits for the network, and for nothing of the others.
        """
        for lanes in _side_by_side([[slots[number] for number in numbers] for numbers in sent]):
            asked = [[(sent[place], [slots[number] for number in sent[place]]) for place in lane] for lane in lanes]
            if len(asked) == 1:
                yield from self._send_lane(asked[0], refusals)
                continue
            with ThreadPoolExecutor(len(asked)) as threads:
                # Each thread has this one's context: logs and traces name the run.
                coming = [threads.submit(copy_context().run, self._send_lane, lane, refusals) for lane in asked]
                for lane_coming in coming:
                    yield from lane_coming.result()

    def _send_lane(
        self, lane: Sequence[tuple[list[int], Slots]], refusals: dict[tuple[str, ...], Throttled]
    ) -> list[tuple[list[int], list[Answer]]]:
        """Send batches one after another."""
        return [(numbers, self._send_batch(slots, refusals)) for numbers, slots in lane]

    def _send_batch(
        self, slots: Sequence[tuple[Any, Request]], refusals: dict[tuple[str, ...], Throttled]
    ) -> list[Answer]:
        requests = [request for _, request in slots]
        services = {services_of(request.method, request.path) for request in requests}
        refusal = next((refusals[service] for service in services if service in refusals), None)
        if refusal is not None:
            # Our own budget let nobody through a moment ago: the requests behind need not ask it again.
            return [Answer(error=refusal)] * len(requests)
        answers = self._write(slots) if requests[0].is_write else _ask_graph(self._client, requests)
        refused = [refusal for answer in answers if (refusal := _held_back_by(answer))]
        if refused:
            refusals |= dict.fromkeys(services, refused[-1])
        if requests[0].is_write and len(refused) == len(requests):
            return self._write_what_fits(slots, answers)
        return answers

    def _write_what_fits(self, slots: Slots, refused: list[Answer]) -> list[Answer]:
        """Send those of a batch that was held back whole which the budget still has room for.

        The others wait until there is room for as many as the batch has: places that nobody uses come back only with
        the window, and one write by itself would take the turn of twenty.
        """
        sent: list[Answer] = []
        size = len(slots) // 2
        while size and len(sent) < len(slots):
            answers = self._write(slots[len(sent) : len(sent) + size])
            if all(map(_held_back_by, answers)):
                size //= 2
            else:
                sent += answers  # where some were held back in a repetition, others were carried out: never twice
        return sent + refused[len(sent) :]

    def _write(self, slots: Sequence[tuple[Any, Request]]) -> list[Answer]:
        named = [(key, _with_id(request)) for key, request in slots]
        write_ids: list[int] = []

        def record() -> None:
            # Once our own budget lets it through. A look that was lost to a write which has to wait would be taken
            # anew, and where one request goes at a time, each would take the write's turn, for ever.
            if write_ids:
                return
            # After the write these policies may read otherwise. Forgotten before it is sent: we may crash in between.
            self._forget([key for key, _ in slots])
            if self._write_log:
                write_ids.extend(self._write_log.record_sending(named))

        answers = _ask_graph(self._client, [request for _, request in named], record)
        if self._write_log and write_ids:
            self._write_log.record_answers(write_ids, answers)
        return answers

    def _keep(self, slots: Sequence[tuple[Any, Request]], answers: Sequence[Answer | None], numbers: list[int]) -> None:
        news = list(self._new_answers((*slots[number], answers[number]) for number in numbers))
        for key, path, answer in news:
            self._known.setdefault(key, {})[path] = answer
        if news:
            self._memory.keep(news)

    def _new_answers(self, triples: Iterable[tuple[Any, Request, Answer | None]]) -> Iterable[RememberedAnswer]:
        for key, request, answer in triples:
            is_new = self._known_answer(key, request) is None
            if answer is not None and is_new and not request.is_write and _is_final(answer):
                yield key, path_hash(request.path), answer

    def _forget(self, keys: Iterable[Any]) -> None:
        remembered = [key for key in keys if self._known.pop(key, None)]
        if remembered:
            self._memory.forget(remembered)


def _side_by_side(asked: Sequence[Slots]) -> Iterator[list[list[int]]]:
    """Yield lanes that go together, each the places of the batches that go one after another in it.

    First the writes at a pace of one after another: what was looked at is old before long, and the looks behind would
    take their turn. Then the reads: a lane for each service with a pace of its own, beside SIDE_BY_SIDE of the others,
    so that nothing waits for what is paced. Then each other write by itself.
    """
    paced: dict[str, list[int]] = {}
    others, writes, first = list[int](), list[int](), list[int]()
    for place, slots in enumerate(asked):
        request = slots[0][1]
        service = service_of(request.path)
        if request.is_write:
            (first if service in NEVER_IN_A_BATCH else writes).append(place)
        elif service in NEVER_IN_A_BATCH:
            paced.setdefault(service, []).append(place)
        else:
            others.append(place)
    yield from ([[place]] for place in first)
    # Few at a time: the answers to a lane are kept when it has ended.
    while others or any(paced.values()):
        yield [lane[:SIDE_BY_SIDE] for lane in paced.values() if lane] + [[place] for place in others[:SIDE_BY_SIDE]]
        paced, others = {key: lane[SIDE_BY_SIDE:] for key, lane in paced.items()}, others[SIDE_BY_SIDE:]
    yield from ([[place]] for place in writes)


def _with_id(request: Request) -> Request:
    """Return the request under an id of ours. Microsoft's audit logs call it the correlation id of what it did."""
    return replace(request, headers={REQUEST_ID: str(uuid.uuid4()), **request.headers})


def _held_back_by(answer: Answer) -> Throttled | None:
    """Return our own budget's refusal, if it is what kept the request from being sent."""
    error = answer.error
    return error if isinstance(error, Throttled) and error.code == "budget" else None


def _is_final(answer: Answer) -> bool:
    return answer.error is None or isinstance(answer.error, Rejected)


def _ask_graph(
    client: GraphClient, requests: list[Request], before_sending: BeforeSending | None = None
) -> list[Answer]:
    try:
        return client.batch(requests, before_sending) if before_sending else client.batch(requests)
    except Malformed as e:
        if len(requests) == 1 or requests[0].is_write or e.code not in ("malformed", "too_large"):
            return [Answer(error=e)] * len(requests)
        # One damaged part makes the whole call unreadable. Halving finds it, and reads the others. Never for writes.
        half = len(requests) // 2
        return _ask_graph(client, requests[:half]) + _ask_graph(client, requests[half:])
    except GraphError as e:
        # The call as a whole failed, and so did each of its parts.
        return [Answer(error=e)] * len(requests)
