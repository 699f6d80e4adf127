"""Ten codes for somebody who has lost their phone. Each counts once, in place of the app's code, and is shown once.

Only a hash of each code is stored. Plain SHA-256 is enough for 80 random bits.
"""

import hashlib
import re
import secrets

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database
from db.models import RecoveryCode, User

CODES_PER_USER = 10
# From so many on, pages say so.
FEW_LEFT = 3
# Without those that look like others; _LOOKS_LIKE is what people type for them.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_LOOKS_LIKE = str.maketrans("oil", "011")
_GROUP_COUNT, _GROUP_LENGTH = 4, 4


def create(user: User, actor: Actor) -> list[str]:
    """Return new codes, to be shown now and never again. Those from before count no more."""
    codes = [_random_code() for _ in range(CODES_PER_USER)]
    with database.atomic():
        remove_all(user)
        RecoveryCode.insert_many([{"user": user.id, "mark": _code_hash(user, code)} for code in codes]).execute()
        audit.record(Action.RECOVERY_CODES_MADE, actor, f"user {user.email}")
    return codes


def use(user: User, typed: str, actor: Actor) -> bool:
    """Use up the typed code. Return False when it is not one of this person's unused codes."""
    is_unused = (
        (RecoveryCode.user == user.id) & (RecoveryCode.mark == _code_hash(user, typed)) & RecoveryCode.used_at.is_null()
    )
    with database.atomic():
        if not RecoveryCode.update(used_at=utcnow()).where(is_unused).execute():
            return False
        audit.record(Action.RECOVERY_CODE_USED, actor, f"user {user.email}", left=count_left(user))
    return True


def count_left(user: User) -> int:
    return int(RecoveryCode.select().where((RecoveryCode.user == user.id) & RecoveryCode.used_at.is_null()).count())


def remove_all(user: User) -> None:
    RecoveryCode.delete().where(RecoveryCode.user == user.id).execute()


def _random_code() -> str:
    letters = [secrets.choice(_LETTERS) for _ in range(_GROUP_COUNT * _GROUP_LENGTH)]
    return "-".join("".join(letters[begin : begin + _GROUP_LENGTH]) for begin in range(0, len(letters), _GROUP_LENGTH))


def _code_hash(user: User, typed: str) -> str:
    code = re.sub("[^a-z0-9]", "", typed.lower()).translate(_LOOKS_LIKE)
    return hashlib.sha256(f"recovery code of user {user.id}: {code}".encode()).hexdigest()
