"""Ignored paths: places in a policy type's content in which a difference is no change.

A path is the way to a place, its elements joined by "/". "*" stands for any one element, and what is below an ignored
place is ignored with it. Positions in a list are "*": they move when something is put before them.
"""

from collections.abc import Collection, Mapping, Sequence

Path = tuple[str, ...]

ANY = "*"

# Policy type -> what the service or another tool touches by itself, beyond what graph/content/normalise.py leaves out.
# Each needs a source; none is known that is not dropped there already.
BUILT_IN: Mapping[str, Sequence[str]] = {}


def text_of(path: Sequence[str]) -> str:
    """Return a path as text: a "/" inside an element is "~1", a "~" is "~0"."""
    return "/".join(element.replace("~", "~0").replace("/", "~1") for element in path)


def path_of(text: str) -> Path:
    return tuple(element.replace("~1", "/").replace("~0", "~") for element in text.split("/"))


def without_positions(path: Sequence[str]) -> Path:
    return tuple(ANY if element.isdigit() else element for element in path)


def is_ignored(path: Sequence[str], patterns: Collection[Path]) -> bool:
    """Tell whether one of the patterns is the path, or leads to a place above it."""
    return any(
        len(pattern) <= len(path)
        and all(wanted in (ANY, element) for wanted, element in zip(pattern, path, strict=False))
        for pattern in patterns
    )


def patterns_of(policy_type: str, added: Collection[str]) -> list[Path]:
    """Return the patterns of a policy type: the built-in ones and those that people added."""
    return [path_of(text) for text in (*BUILT_IN.get(policy_type, ()), *added) if text]
