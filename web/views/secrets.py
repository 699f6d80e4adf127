"""Which parts of a content are secrets that only managers see."""

import re
from typing import Any

MASK = "•••••• (managers only)"
# Values that give access somewhere, by the names Graph uses for them.
_NAMES = re.compile(
    r"(password|preSharedKey|sharedSecret|passphrase|privateKey|pfx|token|certificatePassword)$", re.IGNORECASE
)
_URIS = re.compile(r"(password|secret|presharedkey|passphrase|credential|token|key)$", re.IGNORECASE)


def masked(value: Any) -> Any:
    """A copy with secrets masked. Scripts and XML stay: they are policy; an encrypted OMA-URI value is a secret."""
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {key: MASK if _is_secret(value, key, inner) else masked(inner) for key, inner in value.items()}


def _is_secret(holder: dict[str, Any], key: str, value: Any) -> bool:
    if not isinstance(value, str) or not value:
        return False
    if key == "value" and "omaUri" in holder:
        return bool(holder.get("isEncrypted") or _URIS.search(str(holder["omaUri"])))
    if key == "value" and "valueState" in holder:
        return True
    return bool(_NAMES.search(key))
