"""How secrets inside contents are shown: to managers who ask, each time on the record. What one is: graph/masking.py.

A page shows contents masked, whoever looks. Its “Show secrets” asks for the same page by POST: that answer has them.
"""

from actors.comparison import MASK as MASK
from actors.comparison import Masking as Masking
from actors.comparison import masked as masked
from db import audit
from db.audit import Action, Actor
from db.models import Tenant


def note(hide: Masking | None, may_show: bool) -> str:
    """What a page says of the secrets in it: "" there are none, "masked", "managers" only, or "shown"."""
    if hide is None:
        return "shown"
    if not hide.count:
        return ""
    return "masked" if may_show else "managers"


def record_shown(tenant: Tenant, subject: str, where: str, actor: Actor) -> None:
    """Before they are: what cannot be recorded is not shown."""
    audit.record(Action.SECRETS_SHOWN, actor, subject, tenant=tenant, where=where)
