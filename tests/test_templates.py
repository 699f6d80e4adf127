"""Templates are short lines, name what they use, and take states and permissions from their enums."""

import ast
import functools
import re
from pathlib import Path

from jinja2 import Environment, nodes

from db import states
from web.security.permissions import Permission

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "templates"
TEMPLATES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
LONGEST_LINE = 120
ENUMS = (
    Permission,
    states.ItemState,
    states.Outcome,
    states.PolicyState,
    states.RestoreState,
    states.RunKind,
    states.RunState,
    states.SetState,
    states.Standing,
)
LITERALS = frozenset(str(member) for enum in ENUMS for member in enum)
# Words that are a state elsewhere, and here are something else: what a difference is.
NO_STATES = {"snapshots/_differences.html": {"removed"}}
# More than so many variables are one object with a type, `page`.
MOST_VARIABLES = 4


@functools.cache
def parsed(name: str) -> nodes.Template:
    return Environment(extensions=["jinja2.ext.do", "jinja2.ext.i18n"], autoescape=True).parse(
        (FOLDER / name).read_text()
    )


def test_no_line_is_too_long():
    lines = [(name, *line) for name in TEMPLATES for line in enumerate((FOLDER / name).read_text().splitlines(), 1)]
    assert [(name, number) for name, number, line in lines if len(line) > LONGEST_LINE] == []


def test_a_cell_that_may_be_empty_holds_no_white_space():
    """On a phone a cell has its label before it, and goes where it is empty: a blank would leave the label alone."""
    block = r"\{% (?:if|for) (?:(?!\{%).)*\{% end(?:if|for) -?%\}"
    may_be_empty = re.compile(rf"<td [^\n]*data-label[^\n]*>\s+{block}\s*</td>", re.DOTALL)
    assert [name for name in TEMPLATES if may_be_empty.search((FOLDER / name).read_text())] == []


def test_every_imported_macro_is_used_and_components_are_known_without():
    for name in TEMPLATES:
        template = parsed(name)
        sources = {found.template.value for found in template.find_all(nodes.FromImport)}
        assert name.startswith("components/") or not any(source.startswith("components/") for source in sources), name
        imported = {
            alias if isinstance(alias, str) else alias[1]
            for found in template.find_all(nodes.FromImport)
            for alias in found.names
        }
        used = {found.name for found in template.find_all(nodes.Name)}
        assert imported - used == set(), name


def test_states_and_permissions_come_from_their_enums():
    compared = {name: _compared(parsed(name)) & LITERALS for name in TEMPLATES}
    assert [(name, found) for name, found in compared.items() if found - NO_STATES.get(name, set())] == []


def _compared(template: nodes.Template) -> set[str]:
    """Return the texts that something is compared with, and those that `can` and `may` are called with."""
    around = [
        *(operand for found in template.find_all(nodes.Compare) for operand in [found.expr, *found.ops]),
        *(
            argument
            for call in template.find_all(nodes.Call)
            if isinstance(call.node, nodes.Name) and call.node.name in ("can", "may")
            for argument in call.args
        ),
    ]
    return {
        const.value
        for node in around
        for const in [node, *node.find_all(nodes.Const)]
        if isinstance(const, nodes.Const) and isinstance(const.value, str)
    }


def test_every_template_is_used():
    sources = [*ROOT.glob("web/**/*.py"), *FOLDER.rglob("*.html")]
    named = set(re.findall(r'"([\w/]+\.html)"', "\n".join(path.read_text() for path in sources)))
    by_flask_admin = {"admin/model/list.html"}
    components = {name for name in TEMPLATES if name.startswith("components/")}  # known without being named
    assert set(TEMPLATES) - named - by_flask_admin - components == set()
    assert named - set(TEMPLATES) == set()


def test_a_view_hands_its_page_one_typed_object_or_a_few_variables():
    for path in (ROOT / "web" / "views").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("render_template", "stream_template"):
                names = [keyword.arg for keyword in call.keywords]
                assert None not in names, f"{path}, line {call.lineno}: which variables are these?"
                assert len(names) <= MOST_VARIABLES, f"{path}, line {call.lineno}: {names}"


def test_every_global_and_filter_that_templates_are_taught_is_used():
    """Those of a template are told by its syntax tree; a word in a text is none."""
    taught = next(
        node
        for node in ast.parse((ROOT / "web" / "app.py").read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "_add_to_templates"
    )
    names = {keyword.arg for call in ast.walk(taught) if isinstance(call, ast.Call) for keyword in call.keywords}
    used = set()
    for name in TEMPLATES:
        template = parsed(name)
        used |= {node.name for kind in (nodes.Name, nodes.Filter) for node in template.find_all(kind)}
    assert names - used == set()


def test_every_component_is_used_and_has_a_name_of_its_own():
    files = [name for name in TEMPLATES if name.startswith("components/")]
    macros = [macro.name for name in files for macro in parsed(name).find_all(nodes.Macro)]
    assert len(macros) == len(set(macros))
    used = {found.name for name in TEMPLATES for found in parsed(name).find_all(nodes.Name) if found.ctx == "load"}
    assert set(macros) - used == set()


def test_an_address_in_a_narrow_fact_goes_on_behind_its_at_sign():
    facts = [
        (name, fact)
        for name in TEMPLATES
        for fact in re.findall(r"{% call fact\(.*?{% endcall %}", (FOLDER / name).read_text(), re.DOTALL)
        if ".email" in fact
    ]
    assert facts
    assert [(name, fact) for name, fact in facts if ".email|with_breaks" not in fact] == []
