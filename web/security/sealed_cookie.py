"""What a browser keeps for us from one step of a way in to the next: in its cookie, sealed.

Who carries it must neither read Entra's verifier nor change whose code is asked for.
"""

import base64
import json
import time
from typing import Any

from flask import session

from db.encryption import SealError, keyring

# From a right password to its code, from leaving for Entra ID to coming back, from a challenge to its answer.
SECONDS = 600
_OWNER = "sign-in on its way"
_NAME = "halfway"


def keep(values: dict[str, Any]) -> None:
    plain = json.dumps({**values, "at": time.time()}).encode()
    session[_NAME] = base64.b85encode(keyring().seal(plain, _OWNER)).decode()


def kept(wanted: str) -> dict[str, Any]:
    """What was kept, when it is of that way in and not too old; else nothing."""
    try:
        found: dict[str, Any] = json.loads(keyring().unseal(base64.b85decode(session.get(_NAME, "")), _OWNER))
    except (SealError, ValueError):
        return {}
    is_fresh = time.time() - found["at"] < SECONDS
    return found if is_fresh and wanted in found else {}


def forget() -> None:
    session.pop(_NAME, None)
