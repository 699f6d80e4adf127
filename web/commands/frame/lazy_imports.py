"""Modules that are executed when something of them is used first: `--help` then waits for none of them.

`from db.accounts import users` costs nothing meanwhile, `from db.models import User` executes `db.models`: so command
modules name what they use as `models.User`, and names for types alone stand below TYPE_CHECKING.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

LAYERS = ("actors.", "db.", "graph.", "web.")
COMMANDS = "web.commands"

_postponed: list[str] = []


class _PostponingFinder(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if not name.startswith(LAYERS) or name.startswith(COMMANDS):
            return None
        spec = PathFinder.find_spec(name, path, target)
        # A package is a docstring here, and has to be there for what is below it.
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is None:
            spec.loader = LazyLoader(spec.loader)
            _postponed.append(name)
        return spec


@contextmanager
def postponed() -> Iterator[None]:
    """Postpone the execution of modules of ours that are imported meanwhile."""
    finder = _PostponingFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def finish() -> None:
    """Execute what is postponed still. A process with threads begins with it: two must not execute one module."""
    for name in _postponed:
        dir(sys.modules[name])
