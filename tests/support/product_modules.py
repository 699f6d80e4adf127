"""The product's modules, its rooms and who imports whom, read from the syntax trees: for rules, and for the picture."""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYERS = ("web", "actors", "db", "graph")
# Data of Microsoft's, numbered migrations, and the simulator: a program of its own, whose rooms are below it.
NO_ROOMS = {"graph.microsoft", "graph.simulator", "db.migrations"}


def modules() -> dict[str, Path]:
    """Return the path of every module and package of the product, by dotted name."""
    by_name = {}
    for path in sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        by_name[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return by_name


def room_docstrings(by_name: dict[str, Path]) -> dict[str, str]:
    """Return what the `__init__` of each room says, by dotted name. A room is a folder below a layer, with our code."""
    return {
        name: ast.get_docstring(ast.parse(path.read_text())) or ""
        for name, path in by_name.items()
        if path.name == "__init__.py" and "." in name and name not in NO_ROOMS
    }


@cache
def import_statements(path: Path) -> Sequence[ast.Import | ast.ImportFrom]:
    """Return the statements of a file that import. To parse all files takes seconds: many rules ask this."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def imported(path: Path, by_name: dict[str, Path]) -> Iterator[str]:
    """Yield the modules and packages of the product that a file imports, by dotted name."""
    for statement in import_statements(path):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names if alias.name in by_name)
        else:
            names = [f"{statement.module}.{alias.name}" for alias in statement.names]
            found = (name if name in by_name else statement.module for name in names)
            yield from (name for name in found if name in by_name)
