"""An answer to a request as a JSON document and back, for a memory of what was asked already."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from graph.errors import GraphError, Rejected
from graph.transport.client import Answer

_FACTS = ("code", "sentence", "status", "request_id")


def path_mark(path: str) -> str:
    """Page links are thousands of characters long."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()


def packed(answer: Answer) -> dict[str, Any]:
    """{"body": …} or {"refused": {"sort", "code", "sentence", "status", "request_id", "more"}}.

    Only what is final can be packed: a body, or an error that asking again would not change.
    """
    error = answer.error
    if error is None:
        return {"body": answer.body}
    if not isinstance(error, Rejected):
        raise ValueError(f"{type(error).__name__} is no final answer")
    more = {name: value for name, value in vars(error).items() if name not in _FACTS}
    facts = {name: getattr(error, name) for name in _FACTS}
    return {"refused": {"sort": type(error).__name__, **facts, "more": more}}


def unpacked(document: Mapping[str, Any]) -> Answer:
    told = document.get("refused")
    return Answer(error=_refusal(told)) if told else Answer(body=document["body"])


def _refusal(told: Mapping[str, Any]) -> GraphError:
    sorts = {one.__name__: one for one in _with_all_below(Rejected)}
    made = sorts.get(told["sort"], Rejected)(
        told["code"], told["sentence"], status=told["status"], request_id=told["request_id"]
    )
    for name, value in told["more"].items():
        setattr(made, name, tuple(value) if isinstance(value, list) else value)
    return made


def _with_all_below(sort: type[Rejected]) -> Iterator[type[Rejected]]:
    yield sort
    for one in sort.__subclasses__():
        yield from _with_all_below(one)
