"""Driving a generator of requests without a server: each path has the answer that a test gives it."""

from graph.transport.client import Answer, to_request


def run_steps(steps, answers):
    """Return (the result, the requests). `answers`: path -> body or error; a path without one fails the test."""
    requests, replies = [], None
    try:
        while True:
            asks = [to_request(ask) for ask in (next(steps) if replies is None else steps.send(replies))]
            requests += asks
            replies = [_answer(answers[request.path]) for request in asks]
    except StopIteration as end:
        return end.value, requests


def _answer(reply):
    return Answer(error=reply) if isinstance(reply, Exception) else Answer(body=reply)
