"""YAML as IntuneCD writes it: maps, lists and plain values, with the quotes obeyed and aliases bounded.

Nothing is made but these: a tag is refused, a bare date or `no` stays a text, and the size that aliases would unfold to
is counted before anything is built.
"""

import math
import re
from typing import Any

import yaml

MOST_VALUES = 500_000
DEEPEST = 100
_NULL, _BOOL, _INT, _FLOAT = (f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_RESOLVERS = (
    (_NULL, r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (_BOOL, r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    (_INT, r"-?(?:0|[1-9][0-9]*)", list("-0123456789")),
    (_FLOAT, r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?", list("-0123456789")),
)
_PLAIN = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:str", _NULL, _BOOL, _INT, _FLOAT}


class NotPlain(ValueError):
    """Raised for YAML that is none, or more than plain values; the text says why."""


class _PlainLoader(yaml.SafeLoader):
    """Builds maps, lists, texts, numbers, booleans and null. A key that stands twice is refused."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as PyYAML declares it

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        if not all(isinstance(key, yaml.ScalarNode) for key, _ in node.value):
            raise NotPlain("a list or a map stands where a name belongs.")
        if len({key.value for key, _ in node.value}) != len(node.value):
            raise NotPlain("it says one thing twice.")
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}

    def construct_yaml_float(self, node: Any) -> float:
        number = float(node.value)
        if not math.isfinite(number):
            raise NotPlain("it holds a number beyond all bounds.")
        return number


for _tag, _pattern, _first in _RESOLVERS:
    _PlainLoader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), _first)
_PlainLoader.add_constructor(_FLOAT, _PlainLoader.construct_yaml_float)


def loads(text: str) -> Any:
    """Return the value of the one document. Raises NotPlain."""
    try:
        _check(text)
        return yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - a SafeLoader, and less than that
    except RecursionError as e:
        raise NotPlain("it is nested too deeply.") from e
    except NotPlain:
        raise
    except (yaml.YAMLError, ValueError, OverflowError, AttributeError, TypeError) as e:
        raise NotPlain("it is no YAML of plain values.") from e


def _check(text: str) -> None:
    """Read the events alone: count what aliases unfold to, and how deep it goes. Raises NotPlain."""
    count = _Count()
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        count.add(event)
        if count.total > MOST_VALUES:
            raise NotPlain("it holds more values than any policy does.")
        if len(count.open) > DEEPEST:
            raise NotPlain("it is nested too deeply.")
        if count.documents > 1:
            raise NotPlain("it holds several documents.")


class _Count:
    """Counts the values that a document unfolds to."""

    def __init__(self) -> None:
        self.total = self.documents = 0
        self.open: list[tuple[str | None, int]] = []
        self._sizes: dict[str, int] = {}

    def add(self, event: Any) -> None:
        self.documents += isinstance(event, yaml.DocumentStartEvent)
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._sizes:
                raise NotPlain("it refers to itself.")
            self.total += self._sizes[event.anchor]
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.open.pop()
            self._note(anchor, self.total - before + 1)
        elif isinstance(event, yaml.NodeEvent):
            _require_plain(getattr(event, "tag", None))
            if isinstance(event, yaml.CollectionStartEvent):
                self.open.append((event.anchor, self.total))
            else:
                self._note(event.anchor, 1)
        self.total += 1

    def _note(self, anchor: str | None, size: int) -> None:
        if anchor:
            self._sizes[anchor] = size


def _require_plain(tag: str | None) -> None:
    if tag is not None and tag not in _PLAIN:
        raise NotPlain("it holds a tag, which is code or a type of its own.")
