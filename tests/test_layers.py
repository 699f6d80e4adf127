"""The rules of the house, proved from the syntax tree: imports run one way, and what is read at once stays small."""

import ast
import graphlib
import re

import pytest

from tests.support import product_modules
from tests.support.product_modules import ROOT, import_statements, imported, room_docstrings

MAY_IMPORT = {
    "web": {"web", "actors", "db", "config"},
    "actors": {"actors", "db", "graph", "config"},
    "db": {"db", "config"},
    "graph": {"graph"},
}
OURS = {*MAY_IMPORT, "config", "tests", "bench"}


def imports(path):
    for statement in import_statements(path):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        else:
            assert not statement.level, f"{path}: relative imports hide the layer"
            yield statement.module


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_its_layer_may(package):
    for path in (ROOT / package).rglob("*.py"):
        for name in imports(path):
            top = name.split(".")[0]
            assert top not in OURS - MAY_IMPORT[package], f"{path.relative_to(ROOT)} must not import {name}"


def test_the_simulator_shares_nothing_with_the_client_it_tests_but_microsofts_facts():
    for path in (ROOT / "graph" / "simulator").rglob("*.py"):
        for name in imports(path):
            ours = name.startswith(("graph.simulator", "graph.microsoft"))
            assert not name.startswith("graph") or ours, f"{path.name} imports {name}"
    for path in (ROOT / "graph" / "microsoft").rglob("*.py"):
        assert all(name.startswith("graph.microsoft") for name in imports(path) if name.startswith("graph")), path.name


def test_the_product_never_imports_the_simulator():
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            if "simulator" not in path.parts:
                assert not any(name.startswith("graph.simulator") for name in imports(path)), path


def test_no_walk_over_json_makes_a_union_type_at_each_look():
    """A look by graph.content.odata.HOLDERS takes a third, and a walk over a policy looks hundreds of times."""
    for path in (ROOT / "graph").rglob("*.py"):
        if "simulator" not in path.parts:
            assert not re.search(r"isinstance\([^\n]*, dict \| list\)", path.read_text()), path.relative_to(ROOT)


def attributes(package, names):
    """Yield the path and each node that asks for such an attribute. To parse all files takes seconds: only those are
    parsed that have one of the names.
    """
    for path in (ROOT / package).rglob("*.py"):
        text = path.read_text()
        if any(name in text for name in names):
            nodes = ast.walk(ast.parse(text))
            yield from ((path, node) for node in nodes if isinstance(node, ast.Attribute) and node.attr in names)


def test_only_config_reads_the_environment():
    for package in MAY_IMPORT:
        for path, node in attributes(package, {"environ", "getenv", "environb"}):
            assert getattr(node.value, "id", "") != "os", f"{path}: settings come from config"


LONGEST_FUNCTION, LONGEST_MODULE = 60, 400
# Tables, which one looks something up in.
MAY_BE_LONG = {"db/models.py", "db/states.py", "web/views/audit_acts/audit_acts.py", "graph/policy_types/table.py"}
NO_SUBJECT = {"utils", "helpers", "common", "misc", "managers", "services", "base_service"}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_modules_are_short_and_named_after_a_subject(package):
    for path in (ROOT / package).rglob("*.py"):
        name = str(path.relative_to(ROOT))
        assert name in MAY_BE_LONG or len(path.read_text().splitlines()) <= LONGEST_MODULE, name
        assert not NO_SUBJECT & {path.stem, *path.relative_to(ROOT).parts}, name


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_functions_are_short(package):
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{path}: {node.name}"


def _rooms(modules):
    """{room: what its `__init__` says that it may import}."""
    rooms = {}
    for name, docstring in room_docstrings(modules).items():
        line = re.search(r"May import: (.*?)\.$", docstring, re.DOTALL)
        assert line, f"{name}: a room says in its docstring what it is, and then “May import: …”"
        rooms[name] = set() if line[1].startswith("no other room") else set(re.split(r",\s+", line[1]))
    return rooms


def _room(name, path, rooms):
    """The room that a module is in; itself where it stands beside the rooms."""
    room = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return room if room in rooms else name


def _arrows(modules, rooms):
    """(room, what it imports of its layer, a sentence)."""
    for name, path in modules.items():
        here = _room(name, path, rooms)
        for target in imported(path, modules):
            there = _room(target, modules[target], rooms)
            if here in rooms and there != here and there.split(".")[0] == here.split(".")[0]:
                yield here, there, f"{path.relative_to(ROOT)} imports {target}"


def test_each_room_imports_only_the_rooms_that_its_docstring_names():
    modules = product_modules.modules()
    rooms = _rooms(modules)
    used = {room: set() for room in rooms}
    for here, there, sentence in _arrows(modules, rooms):
        if there in rooms:
            assert there in rooms[here], f"{sentence}, which {here}'s docstring does not allow"
            used[here].add(there)
    assert used == rooms, "a docstring allows an import that nothing makes any longer"


def test_no_two_rooms_import_each_other_however_far_round():
    modules = product_modules.modules()
    rooms = _rooms(modules)
    graph = {}
    for name, path in modules.items():
        here = _room(name, path, rooms)
        there = {_room(target, modules[target], rooms) for target in imported(path, modules)}
        graph.setdefault(here, set()).update(there - {here})
    graphlib.TopologicalSorter(graph).prepare()


MOST_IN_A_ROOM = 14


def test_rooms_are_small():
    for folder in {path.parent for name, path in product_modules.modules().items() if "migrations" not in name}:
        count = len([path for path in folder.glob("*.py") if path.name != "__init__.py"])
        assert count <= MOST_IN_A_ROOM, f"{folder.relative_to(ROOT)} has {count} modules"


# The base of every list builds its query itself: scope, search, filters and pages are one statement.
ASKS_THE_DATABASE = {"web/lists/list_view.py"}
STATEMENTS = {"select", "insert", "insert_many", "update", "delete"}


@pytest.mark.parametrize("package", ["web", "actors"])
def test_only_db_writes_statements_and_all_others_call_its_verbs(package):
    models = {node.name for node in ast.parse((ROOT / "db" / "models.py").read_text()).body if hasattr(node, "bases")}
    for path, node in attributes(package, STATEMENTS):
        if isinstance(node.value, ast.Name) and node.value.id in models:
            name = path.relative_to(ROOT).as_posix()
            assert name in ASKS_THE_DATABASE, f"{name}, line {node.lineno}: a verb of db/ does this"
