"""`tenantkeep`: the same work as in the browser, through the same queue, for terminals and scripts.

May import: web.acts, web.assignment_words, web.commands.frame, web.commands.people, web.commands.reading,
web.commands.rolling_out, web.commands.standards, web.demo, web.doctor, web.presentation, web.serving.
"""

import json
import os
import signal
import sys

import click

from db import private_file
from db.errors import Invalid
from web.commands.frame.lazy_imports import postponed

with postponed():
    from actors.process import startup
    from db import encryption
    from web.commands import (
        assignments,
        bring_back,
        channels,
        copies,
        doctor,
        following,
        installation,
        moving,
        processes,
        readiness,
        recovering,
        restores,
        runs,
        tenants,
    )
    from web.commands.frame.context import WRONG_INPUT, WRONG_SETTING
    from web.commands.people import accounts, tokens
    from web.commands.reading import changes, lists, matrix
    from web.commands.rolling_out import rollouts
    from web.commands.standards import authoring

cli = click.Group("tenantkeep", help="Back up and restore Intune and Conditional Access policies of many tenants.")
click.version_option(package_name="tenantkeep")(cli)
for commands in (
    processes, doctor, installation, moving, accounts, tenants, runs, readiness, restores, bring_back, changes,
    assignments, channels, copies, authoring, following, matrix, rollouts, recovering, lists, tokens,
):  # fmt: skip
    commands.register(cli)


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
    except (*startup.REFUSALS, encryption.SealError) as e:
        code = _refused(e, WRONG_SETTING)
    sys.exit(code)


def _refused(error: Exception, code: int) -> int:
    _refuse_as_json(str(error))
    click.echo(str(error), err=True)
    return code


def _refuse_as_json(message: str) -> None:
    if "--json" in sys.argv:
        click.echo(json.dumps({"error": {"code": "refused", "message": message}}, ensure_ascii=False))
