"""What the pages promise: links that lead somewhere, commands and settings that exist."""

import functools
import re
from pathlib import Path

from db.states import Standing
from graph.simulator.faults import malformed
from tests.tools import architecture_page
from web.commands import cli
from web.verdicts.verdicts import WORDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
# The changelog is history: nobody wraps it anew.
WRAPPED = [page for page in PAGES if page.name != "CHANGELOG.md"]


def named(pages, pattern):
    """Yield (page, what it names) for each place that the pattern finds."""
    for page in pages:
        for found in re.findall(pattern, page.read_text()):
            yield page, found


def test_every_link_leads_somewhere():
    for page, target in named(PAGES, r"\]\(([^)#]+)\)"):
        assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_readme_leads_to_a_policy_on_its_first_screen_and_to_a_tenant_on_its_second():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert "**Capture snapshot**" in "\n".join(lines[:40])
    assert "**Connect a tenant**" in "\n".join(lines[:80])
    assert len(lines) <= 110


@functools.cache
def anchors(page):
    """Return what a link may name behind `#`: each heading as a forge spells it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_anchor_is_a_heading():
    for page, (target, anchor) in named(PAGES, r"\]\(([^)#:]*)#([^)]+)\)"):
        assert anchor in anchors(page.parent / target if target else page), f"{page.name}: {target}#{anchor}"


def commands(group, words=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*words, name))
        elif command.callback.__module__.startswith("web."):
            yield " ".join((*words, name))


def test_every_command_is_described_and_every_described_one_exists():
    text = (ROOT / "docs" / "operating.md").read_text()
    described = {re.split(r" (?=[A-Z-])", line.split("`")[1])[0].removeprefix("tenantkeep ")
                 for line in text.splitlines() if line.startswith("| `tenantkeep ")}  # fmt: skip
    assert described == set(commands(cli))


# What an installation has and the repository has not, and what a placeholder stands for.
ELSEWHERE = re.compile(r"docs/screenshots/all|NAME|NNNN|…")
PATH = re.compile(r"`((?:web|actors|db|graph|tests|templates|docs|bench|deploy)/[^` :*]+\.[a-z]+)`")


def test_every_file_that_a_page_names_exists():
    for page, path in named(WRAPPED, PATH):
        assert ELSEWHERE.search(path) or (ROOT / path).exists(), f"{page.name}: {path}"


def test_the_picture_and_the_rooms_of_the_architecture_are_those_of_the_code():
    text = architecture_page.PAGE.read_text()
    assert text == architecture_page.page(text), "write it anew: make docs"


def test_every_program_that_a_page_names_exists():
    for page, module in named(WRAPPED, r"python -m ((?:tests|bench|graph|actors)[\w.]*\w)"):
        # Looked for as a file: importing `bench` would give this process settings of its own.
        path = ROOT.joinpath(*module.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"{page.name}: {module}"


def test_every_folder_that_a_page_names_exists():
    for page, folder in named(WRAPPED, r"`((?:web|actors|db|graph|tests|templates|bench|deploy)/(?:\w+/)*)`"):
        assert (ROOT / folder).is_dir(), f"{page.name}: {folder}"


STEP = re.compile(r"^( *)- `([\w/]+)(\.\w+)`:(?: `(\w+)`)?", re.MULTILINE)
# How far down each layer is.
DEPTH = {"templates": 0, "web": 0, "actors": 1, "db": 2, "graph": 2}


def steps():
    """Yield (indent, layer, file, function) of each step of the walk from the button to the notification."""
    walk = architecture_page.PAGE.read_text().partition("## One click, file by file")[2].partition("\n## ")[0]
    for indent, path, suffix, function in STEP.findall(walk):
        yield len(indent), path.partition("/")[0], ROOT / f"{path}{suffix}", function


def test_every_file_and_function_of_the_walk_exists():
    assert len(list(steps())) > 30
    for _, _, path, function in steps():
        defined = re.findall(r"^ *(?:def|class) (\w+)", path.read_text(), re.MULTILINE)
        assert not function or function in defined, f"{path} has no {function}"


def test_no_step_of_the_walk_goes_back_to_a_layer_further_up():
    callers = []
    for indent, layer, path, _ in steps():
        callers = [caller for caller in callers if caller[0] < indent]
        assert not callers or DEPTH[callers[-1][1]] <= DEPTH[layer], f"{callers[-1][1]} calls up into {path}"
        callers.append((indent, layer))


def items(page):
    """Return the items of a page's lists, each as one text."""
    return re.findall(r"^\d+\. .+\n(?: +.+\n)*", page.read_text(), re.MULTILINE)


def test_every_name_that_contributing_gives_stands_in_a_file_of_its_item():
    for item in items(ROOT / "CONTRIBUTING.md"):
        files = [ROOT / path for path in PATH.findall(item) if not ELSEWHERE.search(path)]
        text = "\n".join(file.read_text() for file in files)
        for name in re.findall(r"`@?(?:\w+\.)?([a-zA-Z]\w+)`", item):
            assert not files or re.search(rf"\b{name}\b", text), f"{name} in {item}"


def test_every_decision_that_the_code_names_exists():
    for top in ("web", "actors", "db", "graph", "tests"):
        for path in (ROOT / top).rglob("*.py"):
            for decision in re.findall(r"docs/decisions/(\d[\w-]*)", path.read_text()):
                assert (ROOT / "docs" / "decisions" / f"{decision}.md").exists(), f"{path}: {decision}"


def test_every_decision_is_in_the_index():
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    titles = {
        page.name: page.read_text().partition("\n")[0].removeprefix("# ") for page in PAGES if page.name[0] == "0"
    }
    assert dict(map(reversed, re.findall(r"\[(\d{4}: .+?)\]\((.+?)\)", index))) == titles


def test_every_way_a_tenant_can_stand_is_described_the_worst_first():
    table = (ROOT / "docs" / "pages.md").read_text().partition("| a tenant is |")[2].partition("\n\n")[0]
    described = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert described == [WORDS[standing] for standing in Standing]


def prose(page):
    """Yield the numbered lines of a page that are no code, no row of a table and no single long word."""
    is_code = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        is_code ^= line.lstrip().startswith("```")
        if not is_code and not line.lstrip().startswith("|") and " " in line.lstrip(" -"):
            yield number, line


def test_no_line_of_prose_is_longer_than_120():
    assert [(page.name, number) for page in WRAPPED for number, line in prose(page) if len(line) > 120] == []


def test_every_test_that_a_page_names_exists():
    for page, (path, name) in named(PAGES, r"`(tests/[\w/]+\.py)(?:::(\w+))?`"):
        assert (ROOT / path).exists(), f"{page.name}: {path}"
        assert not name or f"def {name}(" in (ROOT / path).read_text(), f"{page.name}: {path} has no {name}"


def test_every_malformed_shape_of_the_simulator_is_described():
    section = (ROOT / "docs" / "simulator.md").read_text().partition("### Malformed answers")[2]
    lists = re.findall(r"^- Of [^:]+: (.+?)\.$", section, re.MULTILINE | re.DOTALL)
    described = re.findall(r"`(\w+)`", " ".join(text.partition(". ")[0] for text in lists))
    assert sorted(described) == sorted(malformed.NAMES)
