"""What is installed is what is pinned, listed and allowed."""

import re

from tests.tools.dependencies_page import ALLOWED, PAGE, ROOT, packages

PINNED = dict(line.lower().split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())


def test_the_page_has_every_package_with_its_version_and_licence():
    """Another system may need fewer; what it has must be there."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    missing = [one.line() for one in packages() if one.line() not in lines]
    assert missing == [], "write it anew: python -m tests.tools.dependencies_page"


def test_everything_installed_is_pinned_to_that_version():
    assert [one.name for one in packages() if PINNED.get(one.name.lower()) != one.version] == []


def test_no_pin_names_where_it_is_from():
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in (ROOT / "constraints.txt").read_text().splitlines())


def test_every_licence_may_be_used():
    assert [(one.name, one.licence) for one in packages() if not ALLOWED.search(one.licence)] == []
