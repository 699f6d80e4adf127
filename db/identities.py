"""Ids: 64 bits wide, and never given twice, whatever was deleted since."""

from typing import Any

import peewee as pw


class Identity(pw.BigAutoField):
    """The primary key of a table whose rows are numbered by themselves."""

    def ddl(self, ctx: Any) -> Any:
        made = super().ddl(ctx)
        # Otherwise SQLite gives the id of the last row again when that row was deleted: a message, a link or a line
        # of the audit log would then be about another thing.
        is_sqlite = ctx.state.param == "?"
        return pw.NodeList((made, pw.SQL("AUTOINCREMENT"))) if is_sqlite else made
