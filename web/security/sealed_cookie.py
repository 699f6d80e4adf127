"""Values kept in the browser from one step of a sign-in to the next, sealed in its session cookie.

Who carries it must neither read Entra's verifier nor change whose code is asked for.
"""

import base64
import json
import time
from typing import Any

from flask import session

from db.encryption import SealError, keyring

# From a right password to its code, from leaving for Entra ID to coming back, from a challenge to its answer.
MAX_AGE_SECONDS = 600
_OWNER = "sign-in on its way"
_NAME = "halfway"


def store(values: dict[str, Any]) -> None:
    plain = json.dumps({**values, "at": time.time()}).encode()
    session[_NAME] = base64.b85encode(keyring().seal(plain, _OWNER)).decode()


def read(step: str) -> dict[str, Any]:
    """Return the values kept for this step; {} when they are too old or of another way of signing in."""
    try:
        values: dict[str, Any] = json.loads(keyring().unseal(base64.b85decode(session.get(_NAME, "")), _OWNER))
    except (SealError, ValueError):
        return {}
    is_fresh = time.time() - values["at"] < MAX_AGE_SECONDS
    return values if is_fresh and step in values else {}


def clear() -> None:
    session.pop(_NAME, None)
