"""`tenantkeep`: the same work as in the browser, through the same queue, for terminals and scripts."""

import json
import sys

import click
from flask.cli import AppGroup

from actors.startup import REFUSALS
from db.errors import Invalid
from db.sealing import SealError
from web.commands import accounts, demo, doctor, installation, keys, moving, processes, restores, runs, tenants

cli = AppGroup("tenantkeep", help="Back up and restore Intune and Conditional Access policies of many tenants.")
click.version_option(package_name="tenantkeep")(cli)
for commands in (demo, processes, doctor, installation, moving, keys, accounts, tenants, runs, restores):
    commands.register(cli)


def main() -> None:
    """A wrong setting or wrong input is one sentence on stderr and exit code 2, never a traceback."""
    try:
        cli(standalone_mode=True)
    except (*REFUSALS, Invalid, SealError) as e:
        if "--json" in sys.argv:
            click.echo(json.dumps({"error": {"code": "refused", "message": str(e)}}, ensure_ascii=False))
        click.echo(str(e), err=True)
        sys.exit(2)
