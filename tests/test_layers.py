"""The rules of the house, proved from the syntax tree: imports run one way, and what is read at once stays small."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "web": {"web", "actors", "db", "config"},
    "actors": {"actors", "db", "graph", "config"},
    "db": {"db", "config"},
    "graph": {"graph"},
}
OURS = {*MAY_IMPORT, "config", "tests", "bench"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative imports hide the layer"
            yield node.module


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


def test_only_config_reads_the_environment():
    for package in MAY_IMPORT:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                reads = isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
                assert not (reads and getattr(node.value, "id", "") == "os"), f"{path}: settings come from config.py"


LONGEST_FUNCTION, LONGEST_MODULE = 60, 400
# Tables, which one looks something up in.
MAY_BE_LONG = {"db/models.py", "graph/policy_types/table.py"}
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


# The base of every list builds its query itself: scope, search, filters and pages are one statement.
ASKS_THE_DATABASE = {"web/lists/list_view.py"}
STATEMENTS = {"select", "insert", "insert_many", "update", "delete"}


def test_pages_and_commands_ask_db_and_write_no_statements_themselves():
    models = {node.name for node in ast.parse((ROOT / "db" / "models.py").read_text()).body if hasattr(node, "bases")}
    for path in (ROOT / "web").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            is_statement = isinstance(node, ast.Attribute) and node.attr in STATEMENTS
            is_of_table = is_statement and isinstance(node.value, ast.Name) and node.value.id in models
            name = path.relative_to(ROOT).as_posix()
            assert not is_of_table or name in ASKS_THE_DATABASE, f"{name}, line {node.lineno}: a verb of db/ does this"
