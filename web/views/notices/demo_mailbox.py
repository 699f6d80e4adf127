"""`/demo/mailbox`: the mails that the demo's own mail server took; nowhere else is there such a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, render_template, request

import config
from web.demo import mailbox
from web.security.access import requires
from web.security.permissions import Permission

SHOWN = 50

pages = Blueprint("demo_mailbox", __name__, url_prefix="/demo")


@dataclass(frozen=True)
class ShownMail:
    mail: Mapping[str, Any]

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.mail["at"]).replace(tzinfo=None)

    @property
    def text(self) -> str:
        """Its text without the link, which is a button."""
        lines = str(self.mail.get("text", "")).splitlines()
        return "\n".join(line for line in lines if line and line != self.link)

    @property
    def link(self) -> str:
        """The mail's link where it leads to this demo, else ""."""
        homes = (request.host_url, config.settings().public_url or request.host_url)
        lines = str(self.mail.get("text", "")).splitlines()
        return next((line for line in reversed(lines) if line.startswith(homes)), "")


@dataclass(frozen=True)
class MailboxPage:
    mails: Sequence[ShownMail]


@pages.get("/mailbox")
@requires(Permission.SIGNED_IN)
def page() -> str:
    file = config.settings().demo_mailbox
    if not file:
        abort(404)
    newest = islice(mailbox.mails(Path(file)), SHOWN)
    return render_template("channels/mailbox.html", page=MailboxPage([ShownMail(mail) for mail in newest]))
