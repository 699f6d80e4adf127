"""Answers to requests as JSON documents and back, for a memory of what was asked already."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from graph.errors import GraphError, Rejected
from graph.transport.client import Answer

_FACTS = ("code", "sentence", "status", "request_id")


def path_hash(path: str) -> str:
    """Return a short key for a path: page links are thousands of characters long."""
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()


def pack_answer(answer: Answer) -> dict[str, Any]:
    """Return {"body": …} or {"refused": {"sort", "code", "sentence", "status", "request_id", "more"}}.

    Raises ValueError for an error that asking again could change: only final answers can be kept.
    """
    error = answer.error
    if error is None:
        return {"body": answer.body}
    if not isinstance(error, Rejected):
        raise ValueError(f"{type(error).__name__} is no final answer")
    more = {name: value for name, value in vars(error).items() if name not in _FACTS}
    facts = {name: getattr(error, name) for name in _FACTS}
    return {"refused": {"sort": type(error).__name__, **facts, "more": more}}


def unpack_answer(document: Mapping[str, Any]) -> Answer:
    packed_error = document.get("refused")
    return Answer(error=_unpack_error(packed_error)) if packed_error else Answer(body=document["body"])


def _unpack_error(packed_error: Mapping[str, Any]) -> GraphError:
    classes = {kind.__name__: kind for kind in _with_subclasses(Rejected)}
    error = classes.get(packed_error["sort"], Rejected)(
        packed_error["code"],
        packed_error["sentence"],
        status=packed_error["status"],
        request_id=packed_error["request_id"],
    )
    for name, value in packed_error["more"].items():
        setattr(error, name, tuple(value) if isinstance(value, list) else value)
    return error


def _with_subclasses(error_class: type[Rejected]) -> Iterator[type[Rejected]]:
    yield error_class
    for subclass in error_class.__subclasses__():
        yield from _with_subclasses(subclass)
