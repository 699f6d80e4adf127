"""`tenantkeep`: the same work as in the browser, through the same queue, for terminals and scripts.

May import: web.assignment_words, web.change_words, web.demo, web.doctor, web.presentation, web.serving.
"""

import json
import os
import signal
import sys

import click
from flask.cli import AppGroup

from actors.process.startup import REFUSALS
from db import private_file
from db.encryption import SealError
from db.errors import Invalid
from web.commands import (
    accounts,
    assignments,
    changes,
    channels,
    doctor,
    installation,
    lists,
    moving,
    processes,
    restores,
    runs,
    tenants,
    tokens,
)
from web.commands.context import WRONG_INPUT, WRONG_SETTING, add_commands
from web.demo.running import demo

cli = AppGroup("tenantkeep", help="Back up and restore Intune and Conditional Access policies of many tenants.")
click.version_option(package_name="tenantkeep")(cli)
for commands in (
    processes, doctor, installation, moving, accounts, tenants, runs, restores, changes, assignments, channels,
    lists, tokens,
):  # fmt: skip
    commands.register(cli)
add_commands(cli, {"demo": demo})


def main() -> None:
    """A wrong setting or wrong input is one sentence on stderr and an exit code of its own, never a traceback.

    Click's own way would be exit code 2 for wrong input, which here says that a run succeeded in part.
    """
    os.umask(private_file.UMASK)  # of every process and command, and of what it starts
    if os.getpid() == 1:
        # The first process of a container: without a handler, the kernel lets no SIGTERM through to it.
        signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(128 + signal.SIGTERM))
    try:
        code = cli(standalone_mode=False)
    except click.ClickException as e:
        _refuse_as_json(e.format_message())
        e.show()
        code = WRONG_INPUT
    except click.Abort:
        click.echo("Stopped.", err=True)
        code = 1
    except Invalid as e:
        code = _refused(e, WRONG_INPUT)
    except (*REFUSALS, SealError) as e:
        code = _refused(e, WRONG_SETTING)
    sys.exit(code)


def _refused(error: Exception, code: int) -> int:
    _refuse_as_json(str(error))
    click.echo(str(error), err=True)
    return code


def _refuse_as_json(message: str) -> None:
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": {"code": "refused", "message": message}}, ensure_ascii=False))
