"""Names and docstrings, as CONTRIBUTING.md has the rules: what a newcomer reads is a noun of the field, or a verb."""

import ast
import re

import pytest

from tests.support import product_modules
from tests.support.product_modules import ROOT

# Words that stand in for a noun.
NO_NOUNS = {"one", "found", "made", "told", "kept", "said"}
# A sentence that opens so has to be read twice.
RIDDLE = re.compile(r"(Of|As|Those|What|Who|Whose|Whether|Which|How|Why|Where|That|By|From|To|For|With)\b")
# The simulator is a program of its own: its tenant is no row of a table.
SAME_NAME = {"Tenant"}


@pytest.fixture(scope="module")
def trees():
    """Return each module of the product as (path, syntax tree)."""
    paths = [path for path in product_modules.modules().values() if "migrations" not in path.parts]
    return [(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())) for path in paths]


def loop_names(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            yield from ((name.id, name.lineno) for name in ast.walk(node.target) if isinstance(name, ast.Name))


def test_a_loop_variable_says_what_it_is(trees):
    riddles = [f"{path}:{line} {name}" for path, tree in trees for name, line in loop_names(tree) if name in NO_NOUNS]
    assert riddles == []


def test_a_loop_variable_of_a_template_says_what_it_is():
    riddles = []
    for path in (ROOT / "templates").rglob("*.html"):
        loops = re.findall(r"{%-? *for ([^%]+?) in ", path.read_text())
        riddles += [f"{path.name}: {names}" for names in loops if NO_NOUNS & set(re.findall(r"\w+", names))]
    assert riddles == []


def test_a_class_has_a_name_that_no_other_module_has(trees):
    places = {}
    for path, tree in trees:
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(path)
    assert {name: paths for name, paths in places.items() if len(paths) > 1 and name not in SAME_NAME} == {}


def test_a_docstring_opens_with_a_verb_or_a_noun(trees):
    riddles = []
    for path, tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                text = ast.get_docstring(node) or ""
                if RIDDLE.match(text):
                    riddles.append(f"{path}:{getattr(node, 'lineno', 1)} {text.splitlines()[0]}")
    assert riddles == []
