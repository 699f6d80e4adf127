"""Which parts of a content are secrets, and how they are shown: to managers who ask, each time on the record.

A page shows contents masked, whoever looks. Its “Show secrets” asks for the same page by POST: that answer has them.
"""

import re
from typing import Any

from actors import catalogue
from db import audit
from db.audit import Action, Actor
from db.models import Tenant

MASK = "•••••• (masked)"
# Values that give access somewhere: by the table, and by what names in Graph end in. Too much is better than too little
# here: nothing is decided by it but what a page shows.
_NAMES = re.compile(
    r"(password|passcode|passphrase|secret|token|pfx|(preShared|private|product|access|api|recovery)Key)$",
    re.IGNORECASE,
)
_URIS = re.compile(r"(password|secret|presharedkey|passphrase|credential|token|key)$", re.IGNORECASE)


class Masking:
    """Makes copies of contents with their secrets masked, and counts them. Scripts and XML stay: they are policy."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        return {key: self._mask() if _is_secret(value, key, inner) else self(inner) for key, inner in value.items()}

    def _mask(self) -> str:
        self.count += 1
        return MASK


def masked(value: Any) -> Any:
    return Masking()(value)


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


def _is_secret(holder: dict[str, Any], key: str, value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if key == "value" and "omaUri" in holder:
        return bool(holder.get("isEncrypted") or _URIS.search(str(holder["omaUri"])))
    if key == "value" and "valueState" in holder:
        return True
    return key in catalogue.SECRET_NAMES or bool(_NAMES.search(key))
