"""requirements.lock is what constraints.txt pins, with hashes, and whole on every Python that we run on."""

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.tools.dependencies_page import ROOT, asked

LINES = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
PINS = [Requirement(line.removesuffix(" \\")) for line in LINES if not line.startswith(" ")]
INSTALLED = ("running", "extra `copies`", "extra `local`", "extra `otel`", "extra `postgres`", "building")
PYTHONS = ("3.11.0", "3.11.3", "3.12.0", "3.13.0", "3.14.0")


def test_each_pin_is_that_of_the_constraints():
    constraints = [Requirement(line) for line in (ROOT / "constraints.txt").read_text().splitlines()]
    pinned = {canonicalize_name(one.name): str(one.specifier) for one in constraints}
    assert [str(one) for one in PINS if pinned.get(one.name) != str(one.specifier)] == [], "run: make lock"


def test_every_pin_has_hashes_and_nothing_says_where_it_is_from():
    """A pin that pip takes has a hash behind it; any other sort of line would be an option or an address."""
    lines = "\n".join(LINES) + "\n"
    pin = r"[a-z0-9-]+==[\w.]+(?: ; [\w'.<=! ]+)?"
    assert re.fullmatch(rf"(?:{pin}(?: \\\n    --hash=sha256:[0-9a-f]{{64}})+\n)+", lines)


@pytest.mark.parametrize("system", ["linux", "darwin"])
@pytest.mark.parametrize("python", PYTHONS)
def test_it_holds_just_what_that_python_needs(python, system):
    there = {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": system,
        "platform_system": system.title(),
        "implementation_name": "cpython",
    }
    applies = {one.name for one in PINS if one.marker is None or one.marker.evaluate(there)}
    assert applies == _needed(there), "run: make lock"


def _needed(there):
    """Names of what is asked for, and of what that asks for in turn."""
    asked_for = (Requirement(text) for uses in INSTALLED for text in asked()[uses])
    waiting = [one for one in asked_for if _is_wanted(one, set(), there)]
    found = {}
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if found.get(name) != one.extras:
            found[name] = one.extras
            waiting += [more for more in _requirements(name) if _is_wanted(more, one.extras, there)]
    return set(found)


def _is_wanted(one, extras, there):
    return one.marker is None or any(one.marker.evaluate({**there, "extra": extra}) for extra in ("", *extras))


def _requirements(name):
    try:
        return map(Requirement, metadata.requires(name) or ())
    except metadata.PackageNotFoundError:
        return ()  # this Python does not need it
