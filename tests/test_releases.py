"""A release is said everywhere as pyproject.toml says it, told in the changelog, and upgraded from by a test."""

import re
import tomllib

from tests.support import servers

VERSION = tomllib.loads((servers.ROOT / "pyproject.toml").read_text())["project"]["version"]
SECTIONS = re.findall(r"^## (.+)$", (servers.ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
FIXTURES = {path.name for path in (servers.ROOT / "tests" / "fixtures" / "releases").iterdir()}
# Where a version stands that is this one's.
PLACES = {
    "Containerfile": r'image\.version="(.+)"',
    "compose.yaml": r"image: tenantkeep:(.+)",
    "deploy/kubernetes/base/kustomization.yaml": r"newTag: (.+)",
    "deploy/kubernetes/overlays/example/kustomization.yaml": r"newTag: (.+)",
    "docs/containers.md": r"--tag tenantkeep:(\S+)",
}


def test_every_place_says_the_version_of_the_product():
    for path, said in PLACES.items():
        assert re.findall(said, (servers.ROOT / path).read_text()) == [VERSION], path


def test_the_changelog_has_a_section_of_this_version_or_of_what_is_not_released():
    released = [re.match(r"\d+\.\d+\.\d+", section)[0] for section in SECTIONS if section != "Unreleased"]
    assert SECTIONS[0] == "Unreleased" or released[0] == VERSION
    assert released == sorted(released, key=_numbers, reverse=True)


def test_each_release_has_a_database_that_tests_upgrade_from():
    released = {re.match(r"\d+\.\d+\.\d+", section)[0] for section in SECTIONS if section != "Unreleased"}
    assert released - {VERSION} <= FIXTURES
    assert all(_numbers(name) < _numbers(VERSION) for name in FIXTURES)


def _numbers(version):
    return tuple(map(int, version.split(".")))
