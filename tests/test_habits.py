"""What every checkout has for those who work in it: make targets, CI, hooks, and the next migration."""

import re
import shutil
import subprocess

import pytest
from playhouse.migrations import Runner

from db import database as engine
from db import encryption
from tests.support import servers
from tests.tools.new_migration import MIGRATIONS, write_migration
from tests.tools.template_names import names_read_by_templates

MAKEFILE = (servers.ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
DOCUMENTS = [*servers.ROOT.glob("*.md"), *(servers.ROOT / "docs").rglob("*.md"), *(servers.ROOT / ".ci").iterdir(),
             *(servers.ROOT / ".github").rglob("*.yml"), servers.ROOT / ".pre-commit-config.yaml"]  # fmt: skip


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(servers.ROOT)))
def test_every_make_target_that_a_document_names_exists(path):
    text = path.read_text()
    # In a document only what stands as code: everything else may be English.
    code = "\n".join(re.findall(r"```[\s\S]*?```|`[^`\n]*`", text)) if path.suffix == ".md" else text
    named = re.findall(r"(?:^|`|run: )make ([a-z][\w-]*)", code, re.MULTILINE)
    assert set(named) <= TARGETS


def test_help_lists_every_target_below_a_heading():
    printed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=servers.ROOT, capture_output=True, text=True, check=True
    ).stdout
    lines = printed.splitlines()
    assert lines[0] == "Begin"
    assert {line.split()[0] for line in lines if line.startswith("  ")} == TARGETS


def test_every_target_is_phony():
    declared = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)[1]
    assert set(declared.replace("\\\n", " ").split()) == TARGETS


def test_ci_here_and_on_a_public_forge_is_the_documented_test_command():
    workflow = (servers.ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r"^make .*", (servers.ROOT / ".ci" / "run").read_text(), re.MULTILINE) == ["make ci"]
    assert re.findall(r"run: (.*)", workflow) == ["make ci"]
    steps = re.search(r"^ci:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]
    assert re.findall(r"^\t@CI=true \$\(MAKE\) (.*)$", steps, re.MULTILINE) == [
        "setup azurite", "--jobs 2 lint types", "every-test"]  # fmt: skip
    # The test command is the same: what is checked, and every test, the rules of the house among them.
    assert re.search(r"^test: lint types every-test\b", MAKEFILE, re.MULTILINE)


def test_the_public_workflow_may_only_read_and_pins_what_it_uses():
    workflow = (servers.ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert re.findall(r"permissions:\n((?: +.*\n)+)", workflow) == ["  contents: read\n"]
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[\d.]+", used) for used in re.findall(r"uses: (.*)", workflow))


def test_hooks_run_only_programs_of_this_checkout():
    hooks = (servers.ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (.*)", hooks) == ["local"]
    assert all(entry.startswith(".venv/") for entry in re.findall(r"entry: (.*)", hooks))


def test_hooks_are_run_by_the_version_that_is_installed_for_them():
    """All other programs are those of .venv: constraints.txt pins them for `make format` and for the hooks alike."""
    hooks = (servers.ROOT / ".pre-commit-config.yaml").read_text()
    pinned = dict(line.split("==") for line in (servers.ROOT / ".ci" / "hooks.txt").read_text().splitlines())
    assert re.findall(r"minimum_pre_commit_version: (.*)", hooks) == [pinned["pre-commit"]]
    constraints = (servers.ROOT / "constraints.txt").read_text()
    for program in set(re.findall(r"entry: \.venv/bin/([\w-]+)", hooks)):
        assert re.search(rf"^{program}==", constraints, re.MULTILINE), f"{program} has no version"


def test_blame_looks_past_whole_hashes_and_each_says_what_it_did():
    text = (servers.ROOT / ".git-blame-ignore-revs").read_text()
    hashes = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert hashes
    assert all(re.search(rf"^# .+\n{name}$", text, re.MULTILINE) and len(name) == 40 for name in hashes)


def test_a_new_migration_has_the_next_number_and_runs(tmp_path):
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    newest = sorted(path.name for path in folder.glob("[0-9]*.py"))[-1]
    path = write_migration("run_labels", folder)
    assert path.name == f"{int(newest[:4]) + 1:04}_run_labels.py"
    encryption.use_keys((bytes(32),))
    runner = Runner(engine.bind_database(f"sqlite:///{tmp_path / 'new.db'}"), str(folder))
    assert list(runner.up())[-1] == path.stem
    engine.database.close()


@pytest.mark.parametrize("name", ["", "Labels", "run-labels", "../labels"])
def test_a_migration_that_has_no_name_is_not_written(name, tmp_path):
    with pytest.raises(ValueError, match="NAME is"):
        write_migration(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_names_that_only_templates_read_count_as_used(tmp_path):
    (tmp_path / "page.html").write_text("{% for row in page.rows %}{{ row.badge }}{{ link(row.class) }}{% endfor %}")
    assert names_read_by_templates(tmp_path) == {"page", "rows", "row", "badge", "link"}
