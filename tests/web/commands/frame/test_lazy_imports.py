"""Whoever asks a command for help waits for none of what it works with."""

import json
import subprocess
import sys

from tests.support import servers
from web.commands import cli

HEAVY = {"babel", "cryptography", "dramatiq", "flask", "honcho", "msal", "peewee", "pydantic", "redis", "requests"}
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


def commands_below(group):
    return 1 + sum(commands_below(command) for command in getattr(group, "commands", {}).values())


def test_help_imports_nothing_that_takes_long():
    done = subprocess.run(
        [sys.executable, "-c", ASK_ALL], cwd=servers.ROOT, capture_output=True, text=True, env=servers.environment()
    )
    assert done.returncode == 0, done.stderr
    asked, imported = json.loads(done.stdout)
    assert asked == commands_below(cli)
    assert HEAVY.isdisjoint(imported)
