"""The Containerfile, read: what runs is not root, brings nothing that builds, and has all of the product.

`make image-proof` takes its steps and runs what comes of them: tests/tools/image_proof.py.
"""

import re
import tomllib
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support import containerfile, servers
from web.commands import cli

PROJECT = tomllib.loads((servers.ROOT / "pyproject.toml").read_text())
BUILDER, FINAL = containerfile.stages()


def test_both_stages_are_of_one_base_whose_version_is_named():
    assert BUILDER.base == FINAL.base
    assert re.search(r"/\w+:\d+\.\d+", FINAL.base)


def test_what_runs_is_nobody_in_particular_and_takes_a_command():
    user, group = map(int, FINAL.last("USER").split(":"))
    assert min(user, group) >= 10_000, "a number: Kubernetes cannot tell whether a name is root's"
    assert containerfile.command(FINAL.last("ENTRYPOINT")) == ["tenantkeep"]
    assert {"web", "worker", "scheduler", "migrate"} <= set(cli.commands)
    program, *words = containerfile.command(FINAL.last("HEALTHCHECK"))
    assert (program, cli.commands[words[0]].name) == ("tenantkeep", "health")
    assert not any("TENANTKEEP_SECRET" in name or "KEYS" in name for name in FINAL.environment)


def test_all_of_the_product_is_copied_and_nothing_else_is_sent():
    copied = [
        source.removeprefix("./") for words in BUILDER.all_of("COPY") for source in containerfile.copied(words)[1]
    ]
    product = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"])
    assert set(copied) == product | {"pyproject.toml", "README.md", "requirements.lock"}
    lines = (servers.ROOT / ".containerignore").read_text().splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == set(copied)
    assert "*" in lines
    assert (servers.ROOT / ".dockerignore").read_text().splitlines() == lines
    assert [containerfile.copied(words)[0] for words in FINAL.all_of("COPY")] == [BUILDER.name]


def test_what_only_builds_or_serves_the_demo_stays_behind():
    """Of what the lock holds, what the product asks for with no extra but the demo's; and pip."""
    project = PROJECT["project"]
    extras = {name: lines for name, lines in project["optional-dependencies"].items() if name != "local"}
    asked = holding([*project["dependencies"], *(line for lines in extras.values() for line in lines)])
    needed = set()
    while asked:
        requirement = asked.pop()
        name = canonicalize_name(requirement.name)
        if name not in needed:
            needed.add(name)
            asked += holding(metadata.requires(name) or (), requirement.extras)
    locked = set(re.findall(r"^([\w.-]+)==", (servers.ROOT / "requirements.lock").read_text(), re.MULTILINE))
    [line] = [words for words in BUILDER.all_of("RUN") if "pip uninstall" in words]
    *removed, last = line.partition("--yes ")[2].partition(" &&")[0].split()
    assert sorted(removed) == sorted(locked - needed - OF_OTHER_PYTHONS)
    assert last == "pip"


# In the lock for Pythons that have no such thing themselves.
OF_OTHER_PYTHONS = {"async-timeout"}


def holding(lines, extras=()):
    """The requirements among them that count here, with those extras."""
    found = [Requirement(line) for line in lines]
    return [
        one for one in found if not one.marker or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]
