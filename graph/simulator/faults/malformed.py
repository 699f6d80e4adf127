"""Answers that are not what Graph promises: of a broken service, a proxy, or somebody who means harm.

A shape of `BODIES` changes the JSON of an answer, alone or as a part of a `$batch`; one of `BYTES` what is sent of a
whole answer; one of `PARTS` the part itself.
"""

import gzip
from collections.abc import Callable, Mapping
from typing import Any

Body = dict[str, Any]
HTML = b"<html><body>Access to this page is blocked by your administrator.</body></html>"
LARGE = 100 * 1024 * 1024


def _each(**changes: Any) -> Callable[[Body], Any]:
    """The object itself, or every one of a list, with other values."""

    def change(body: Body) -> Any:
        if isinstance(body.get("value"), list):
            return {**body, "value": [{**element, **changes} for element in body["value"]]}
        return {**body, **changes}

    return change


def _with(**changes: Any) -> Callable[[Body], Any]:
    return lambda body: {**body, **changes}


def _nested(levels: int) -> Any:
    value: Any = "deep"
    for _ in range(levels):
        value = {"in": value}
    return value


_LINK = "@odata.nextLink"
BODIES: Mapping[str, Callable[[Body], Any]] = {
    "list": lambda body: [body],
    "text": lambda body: "text",
    "number": lambda body: 7,
    "null": lambda body: None,
    "empty_object": lambda body: {},
    "error_with_200": lambda body: {"error": {"code": "InternalServerError", "message": "It failed."}},
    "value_object": _with(value={"a": 1}),
    "value_text": _with(value="text"),
    "value_null": _with(value=None),
    "items_texts": _with(value=["text"]),
    "items_null": _with(value=[None]),
    "items_numbers": _with(value=[1, 2]),
    "id_number": _each(id=7),
    "id_null": _each(id=None),
    "id_huge": _each(id="x" * 100_000),
    "id_object": _each(id={"a": 1}),
    "id_other": _each(id="99999999-9999-4999-8999-999999999999"),
    "id_control": _each(id="a\x00b\n"),
    "name_object": _each(name={"a": 1}, displayName={"a": 1}),
    "type_number": _each(**{"@odata.type": 7}),
    "settings_text": _each(settings="text"),
    "settings_texts": _each(settings=["text"]),
    "settings_instance_text": _each(settings=[{"settingInstance": "text"}], settingCount=1),
    "setting_count_text": _each(settingCount="many"),
    "assignments_object": _each(assignments={"a": 1}),
    "assignments_texts": _each(assignments=["text"]),
    "target_text": _each(assignments=[{"target": "text"}]),
    "target_missing": _each(assignments=[{}]),
    "group_number": _each(assignments=[{"target": {"groupId": 7}}]),
    "time_number": _each(lastModifiedDateTime=1745000000),
    "tags_numbers": _each(roleScopeTagIds=[0]),
    "next_link_number": _with(**{_LINK: 7}),
    "next_link_empty": _with(**{_LINK: ""}),
    "next_link_relative": _with(**{_LINK: "/beta/x?$skiptoken=1"}),
    "next_link_list": _with(**{_LINK: ["http://127.0.0.1/"]}),
    "deep": _each(deep=_nested(150)),
}
BYTES: Mapping[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data.rstrip()[:-1],
    "truncated_half": lambda data: data[: len(data) // 2],
    "truncated_begin": lambda data: data[:1],
    "html": lambda data: HTML,
    "empty": lambda data: b"",
    "latin_1": lambda data: data.replace(b"{", b'{"caf\xe9": 1, ', 1),
    "utf_16": lambda data: data.decode().encode("utf-16"),
    "key_twice": lambda data: data.replace(b"{", b'{"responses": [], ', 1),
    "nan": lambda data: data.replace(b"{", b'{"n": NaN, ', 1),
    "infinity": lambda data: data.replace(b"{", b'{"n": -Infinity, ', 1),
    "float_huge": lambda data: data.replace(b"{", b'{"n": 1e400, ', 1),
    "integer_huge": lambda data: data.replace(b"{", b'{"n": 1' + b"0" * 10_000 + b", ", 1),
    "nested_100000": lambda data: b'{"n":' * 100_000,
    "many_values": lambda data: data.replace(b"{", b'{"n": [' + b"[]," * 2_000_000 + b"[]], ", 1),
    "large": lambda data: data.replace(b"{", b"{" + b" " * LARGE, 1),
}
PARTS: Mapping[str, Callable[[Body], Body]] = {
    "part_id_missing": lambda part: {name: value for name, value in part.items() if name != "id"},
    "part_id_number": lambda part: {**part, "id": 0},
    "part_id_unknown": lambda part: {**part, "id": "unknown"},
    "part_status_text": lambda part: {**part, "status": "200"},
    "part_status_0": lambda part: {**part, "status": 0},
    "part_status_999": lambda part: {**part, "status": 999},
    "part_status_301": lambda part: {**part, "status": 301, "headers": {"Location": "http://127.0.0.2/"}},
    "part_status_204": lambda part: {**part, "status": 204, "body": None},
    "part_body_base64": lambda part: {**part, "body": "PGh0bWw+"},
    "part_404_bare": lambda part: {**part, "status": 404, "body": None},
    "part_without_body": lambda part: {**part, "status": 200, "body": None},
    "part_403_html": lambda part: {**part, "status": 403, "body": HTML.decode()},
    "part_headers_list": lambda part: {**part, "headers": ["Retry-After"]},
}
# Shapes of `BYTES` that come with a status, or packed.
STATUSES: Mapping[str, int] = {"html_502": 502, "html_403": 403, "redirect": 301}
PACKED = "gzip_bomb"
NAMES = (*BODIES, *BYTES, *PARTS, *STATUSES, PACKED)


def body(shape: str, body_before: Body) -> Any:
    """The JSON that is answered instead."""
    return BODIES[shape](body_before) if shape in BODIES else body_before


def part(shape: str, part_before: Body) -> Body:
    """A part of a `$batch` instead of that one."""
    if shape in PARTS:
        return PARTS[shape](part_before)
    return (
        {**part_before, "body": body(shape, part_before["body"])}
        if isinstance(part_before["body"], dict)
        else part_before
    )


def sent(shape: str, data: bytes) -> tuple[bytes, int | None, dict[str, str]]:
    """A whole answer: its bytes, its status where it has another, and its headers."""
    if shape == PACKED:
        return gzip.compress(b" " * LARGE), None, {"Content-Encoding": "gzip"}
    if shape in STATUSES:
        location = {"Location": "http://127.0.0.2/"} if shape == "redirect" else {}
        return HTML, STATUSES[shape], {"Content-Type": "text/html", **location}
    headers = {"Content-Type": "text/html"} if shape == "html" else {}
    return BYTES[shape](data) if shape in BYTES else data, None, headers
