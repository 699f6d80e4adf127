"""The part of a body that its requests would send, in its own form: nothing in that may travel unseen."""

from collections.abc import Iterator
from typing import Any

from graph.content.odata import HOLDERS
from graph.policy_types.policy_type import PolicyType
from graph.policy_types.write_rule import Object, Part
from graph.write.write_requests import shaped_body
from graph.write.write_rules import WRITE_RULES


def written_body(policy_type: PolicyType, body: Object) -> Object:
    """Return the body without what no request that writes it sends."""
    rule = WRITE_RULES[policy_type.key]
    written = shaped_body(policy_type, rule, body)
    for name in rule.parts.keys() & written.keys():
        written[name] = _sent_of_part(rule.parts[name], body, written[name])
    return written


def _sent_of_part(part: Part, body: Object, value: Any) -> Any:
    requests = part("", {}, body)
    if not requests:
        # It waits for what the tenant makes of the policy. What it sends then is not known: all of it may be.
        return value
    return _only_with(value, "\n".join(text for request in requests for text in (request.path, *_texts(request.body))))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, HOLDERS):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value


def _only_with(value: Any, sent: str) -> Any:
    """Return a value without the texts that are not within what is sent."""
    if isinstance(value, dict):
        return {name: _only_with(inner, sent) for name, inner in value.items() if _is_with(inner, sent)}
    if isinstance(value, list):
        return [_only_with(inner, sent) for inner in value if _is_with(inner, sent)]
    return value


def _is_with(value: Any, sent: str) -> bool:
    return not isinstance(value, str) or value in sent
