"""Whoever asks a command for help waits for none of what it works with; whoever reads, only for the database."""

import json
import subprocess
import sys

import pytest

from db.audit.audit import SYSTEM
from db.runs import runs
from db.states import RunKind
from tests.support import servers
from web.commands import cli

HEAVY = {"babel", "cryptography", "dramatiq", "flask", "honcho", "msal", "peewee", "pydantic", "redis", "requests"}
NEEDED_TO_READ = {"cryptography", "peewee"}
# Asks every command for help, in one process, and says what it had to import for all of them.
ASK_ALL = """
import json, sys
from click.testing import CliRunner
from web.commands import cli

def ask(*words):
    answer = CliRunner().invoke(cli, [*words, "--help"])
    assert answer.exit_code == 0, answer.output
    command = cli
    for word in words:
        command = command.commands[word]
    return 1 + sum(ask(*words, name) for name in getattr(command, "commands", ()))

print(json.dumps([ask(), sorted(name for name in sys.modules if "." not in name)]))
"""


# Reads as that command does, and says what it had to import.
READ = """
import json, sys
from click.testing import CliRunner
from web.commands import cli

answer = CliRunner().invoke(cli, json.loads(sys.argv[1]))
assert answer.exit_code == 0, answer.output
print(json.dumps(sorted(name for name in sys.modules if "." not in name or name.startswith("playhouse."))))
"""


def commands_below(group):
    return 1 + sum(commands_below(command) for command in getattr(group, "commands", {}).values())


def test_help_imports_nothing_that_takes_long():
    asked, imported = answer_of(ASK_ALL)
    assert asked == commands_below(cli)
    assert HEAVY.isdisjoint(imported)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_reading_imports_nothing_that_starts_or_calls(cast):
    run = runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="read", items=[], actor=SYSTEM).run
    imported = answer_of(READ, json.dumps(["run", "show", str(run.id)]))
    assert (HEAVY - NEEDED_TO_READ).isdisjoint(imported)
    beside = {name for name in imported if name.startswith(("playhouse", "opentelemetry"))}
    assert beside == {"playhouse", "playhouse.pool"}, "a pool of connections takes 2 ms; migrations take more"


def answer_of(script, *words):
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=servers.ROOT, capture_output=True, text=True,
        env=servers.environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
