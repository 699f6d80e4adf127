"""`make setup` on machines with other Pythons, or none: with programs that stand in for them, and install nothing."""

import shutil
import subprocess

import pytest

from tests.support import servers

STAND_IN = """#!/bin/sh
# Says what a Python would, and makes an environment whose own Python is one like it.
case "$*" in
  *version_info*) [ "{version}" != old ] || exit 1; echo "$0" ;;
  *ensurepip*) [ "{version}" != bare ] ;;
  *base_executable*) echo "$0 {version}" ;;
  "-m venv --clear .venv") echo made >> calls; rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  *"pip install"*--editable*) echo installed >> calls ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """A checkout, and a PATH with the system's tools and no Python."""
    (tmp_path / "checkout").mkdir()
    for name in ("pyproject.toml", "constraints.txt"):
        shutil.copy(servers.ROOT / name, tmp_path / "checkout")
    shutil.copytree(servers.ROOT / ".ci", tmp_path / "checkout" / ".ci")
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "cat", "cmp", "cp", "mkdir", "rm"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return Machine(tmp_path)


class Machine:
    def __init__(self, folder):
        self.folder, self.checkout = folder, folder / "checkout"

    def has(self, name, version):
        program = self.folder / "bin" / name
        program.write_text(STAND_IN.format(version=version))
        program.chmod(0o755)

    def runs(self, script, **environment):
        return subprocess.run(
            [f".ci/{script}"],
            cwd=self.checkout,
            env={"PATH": str(self.folder / "bin"), **environment},
            capture_output=True,
            text=True,
        )

    def does(self):
        """What `setup` made or installed."""
        done = self.runs("setup")
        assert done.returncode == 0, done.stderr
        calls = self.checkout / "calls"
        found = calls.read_text().split() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return found


@pytest.mark.parametrize("name", ["python3.11", "python3.12", "python3.13", "python3.14", "python3", "python"])
def test_whatever_it_is_called_a_python_is_found(machine, name):
    for other in {"python3.11", "python3", "python"} - {name}:
        machine.has(other, "old")
    machine.has(name, "good")
    assert machine.runs("python").stdout.strip().endswith(f"/{name}")


def test_one_that_cannot_make_an_environment_is_passed_over(machine):
    machine.has("python3.11", "bare")
    machine.has("python3.13", "good")
    assert machine.runs("python").stdout.strip().endswith("/python3.13")


def test_the_one_asked_for_is_taken_or_refused(machine):
    machine.has("python3.11", "good")
    machine.has("python3.13", "good")
    machine.has("python3.10", "old")
    assert machine.runs("python", PYTHON="python3.13").stdout.strip().endswith("/python3.13")
    refused = machine.runs("setup", PYTHON="python3.10")
    assert refused.returncode == 1
    assert "called python3.10: install one" in refused.stderr


@pytest.mark.parametrize(
    ("version", "sentence"),
    [(None, "apt install python3 python3-venv"), ("old", "from 3.11 to 3.14"), ("bare", "apt install python3-venv")],
    ids=["none", "too old", "without venv"],
)
def test_what_to_install_is_said_in_one_sentence(machine, version, sentence):
    if version:
        machine.has("python3", version)
    refused = machine.runs("setup")
    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_setup_costs_nothing_when_all_is_up_to_date(machine):
    machine.has("python3", "3.12")
    assert machine.does() == ["made", "installed"]
    assert machine.does() == []


def test_other_pins_are_installed_into_the_environment_that_is_there(machine):
    machine.has("python3", "3.12")
    machine.does()
    (machine.checkout / "constraints.txt").write_text("something==2\n")
    assert machine.does() == ["installed"]


def test_an_environment_of_another_python_is_made_anew(machine):
    machine.has("python3", "3.12")
    machine.does()
    machine.has("python3", "3.13")
    assert machine.does() == ["made", "installed"]


def test_a_moved_environment_is_made_anew(machine):
    machine.has("python3", "3.12")
    machine.does()
    machine.checkout = machine.checkout.rename(machine.folder / "moved")
    assert machine.does() == ["made", "installed"]


def test_a_broken_environment_is_made_anew(machine):
    machine.has("python3", "3.12")
    machine.does()
    (machine.checkout / ".venv" / "bin" / "python").unlink()
    assert machine.does() == ["made", "installed"]
