"""Tell quickly whether a body may lack a secret: most hold none, and need no walk over them and Microsoft's model."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from graph.content.normalise import plain_json
from graph.content.places import root_type
from graph.content.secret_table import SECRETS
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType

# Whatever is left out of a body of other types has one of these in its JSON, in small letters: a mask, a secret of the
# settings catalog, an onboarding file, or the name of a type with secrets.
_MASK = re.compile(r"[*#•●]{4}")
_SIGNS = ("xxxxx-", "secretsettingvalue", "encryptedvaluetoken", "boardingblob", "boardingfilename")
# In the names of several types, of some that come from these too: a text is searched once for all of them.
_IN_NAMES = ("wificonfiguration", "enrollmentprofile")
# How all of them end: most texts have none, and are searched for no single one.
_ENDS_OF_TYPES = ('configuration"', 'enrollmentprofile"')


def may_lack_secrets(policy_type: PolicyType, body: dict[str, Any], body_json: str = "") -> bool:
    """Tell whether `settle_secrets` may find or change anything; False is certain, and found out quickly.

    `body_json`: JSON that the body is in, where the caller has it.
    """
    if _has_types_with_secrets(root_type(policy_type)):
        return True
    text = (body_json or plain_json(body)).lower()
    has_such_a_type = _holds_any(_ENDS_OF_TYPES, text) and _holds_any(_signs_of_types(), text)
    # The expression looks at every character: it is asked only where some of a mask's are there.
    may_be_masked = "*" in text or "####" in text or not text.isascii()
    return has_such_a_type or _holds_any(_SIGNS, text) or (may_be_masked and bool(_MASK.search(text)))


def _holds_any(signs: Iterable[str], text: str) -> bool:
    return any(sign in text for sign in signs)


@cache
def _signs_of_types() -> tuple[str, ...]:
    """Return texts of which the name of each type with a secret has one: of its own, or inherited."""
    names = {name.lower() for holder, _ in SECRETS for name in model.subtypes(holder)}
    return (*_IN_NAMES, *sorted(name for name in names if not any(sign in name for sign in _IN_NAMES)))


@cache
def _has_types_with_secrets(root: str) -> bool:
    """Tell whether an object of this type, or one that the model declares inside it, can be of a type in SECRETS."""
    seen, left = set[str](), [root]
    while left:
        for name in model.subtypes(left.pop()) - seen:
            seen.add(name)
            left += [known.type for known in model.properties(name).values() if known.kind == "object" and known.type]
    return any(holder in seen for holder, _ in SECRETS)
