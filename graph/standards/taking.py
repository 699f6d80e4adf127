"""A tenant's content made a standard's: without its secrets, and with the standard's ids in place of the tenant's.

What Microsoft's model, a name or its looks call a secret is replaced by a mask, as Graph itself answers one: a plan
leaves it out, keeps the tenant's own where there is one, and says what has to be entered by hand.
"""

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graph.content.normalise import decode_base64
from graph.content.odata import HOLDERS
from graph.content.secrets import is_mask
from graph.display.masking import Masking, is_secret
from graph.display.opaque_texts import ACCESS, LONG, WITH_KEY, gives_access, parse_json
from graph.references.references import KnownIds, Reference, rewrite_references

# What stands for a secret. Graph answers such marks (Microsoft365DSC/Microsoft365DSC#3244); a mask of ours would say
# that a file was downloaded without its secrets.
ABSENT = "••••••••"
# The value of a plist's key, of an XML element, of an attribute: what it is called, and what it holds.
_IN_MARKUP = (
    re.compile(r"<key>\s*([^<]{1,120}?)\s*</key>\s*<(?:string|data)>\s*([^<]+?)\s*</"),
    re.compile(r"<(?:\w+:)?([A-Za-z_][\w.-]{1,120})[^<>]*>\s*([^<>]+?)\s*</"),
)


@dataclass(frozen=True)
class TakenContent:
    """A content as a standard keeps it.

    `left_out`: what the secrets that it goes without are called. `refused`: why it cannot be taken as it is; "" when it
    can.
    """

    content: dict[str, Any]
    left_out: tuple[str, ...] = ()
    refused: str = ""


def take(
    policy_type: str,
    content: Mapping[str, Any],
    key: str,
    standard_id: Callable[[Reference], str],
    known: KnownIds,
    *,
    with_assignments: bool = True,
    is_harmless: bool = False,
) -> TakenContent:
    """Return a tenant's content as the standard's item `key`.

    `standard_id` says what an id of the tenant is in the standard; `known` are ids of the tenant that count anywhere.
    `is_harmless`: a person has looked at its scripts and files, and none of them holds a secret.
    """
    hiding = _Hiding(is_harmless=is_harmless)
    taken = copy.deepcopy(dict(content))
    taken["body"] = hiding(taken["body"])
    if not with_assignments:
        taken["assignments"] = None
    taken = rewrite_references(policy_type, taken, standard_id, known)
    if isinstance(taken["body"].get("id"), str):
        taken["body"]["id"] = key.rpartition("/")[2]
    return TakenContent(taken, tuple(dict.fromkeys(hiding.left_out)), _refusal(taken["body"], hiding))


def _refusal(body: Mapping[str, Any], hiding: "_Hiding") -> str:
    if hiding.giving_access:
        return f"{hiding.giving_access[0]} looks as if it held a password or a key, which would go to every tenant."
    hidden = [setting for setting in body.get("omaSettings") or () if is_mask(setting.get("value"))]
    if hidden:
        return f"Its OMA-URI setting “{str(hidden[0].get('displayName') or hidden[0].get('omaUri'))[:80]}” is a secret."
    return ""


class _Hiding(Masking):
    """Copies a body with its secrets absent. Scripts, markup and files stay where they hold none."""

    def __init__(self, *, is_harmless: bool) -> None:
        super().__init__()
        self._is_harmless = is_harmless
        self.left_out: list[str] = []
        # The properties whose texts would give access.
        self.giving_access: list[str] = []
        self._key = ""

    def _property(self, holder: dict[str, Any], key: str, value: Any, context: Any) -> Any:
        if key not in _OF_PEOPLE and is_secret(holder, key, value, context):
            self.left_out.append(_called(key, context.names))
            return ABSENT
        self._key = key
        return super()._property(holder, key, value, context)

    def _json(self, text: str) -> Any:
        """Leave out the value of an intent's setting where anything in it is a secret: it is written as a whole."""
        document = parse_json(text)
        inside = _Hiding(is_harmless=self._is_harmless)
        inside(document)
        if inside.left_out or inside.giving_access or (isinstance(document, str) and gives_access(document)):
            self.left_out.append("valueJson")
            return f'"{ABSENT}"'
        return text

    def _blob(self, value: Any, what: str) -> str:
        text = str(value)
        if what == WITH_KEY or (not self._is_harmless and _holds_secret(text, what)):
            self.giving_access.append(self._key or "A text")
        return text


# Properties with words that people wrote: they are shown to everybody.
_OF_PEOPLE = frozenset({"id", "displayName", "name", "description", "notes", "@odata.type", "omaUri", "locale"})


def _called(key: str, names: tuple[str, ...]) -> str:
    """Return what a secret is called: its setting, where that names it."""
    return names[0] if names and key.lower().startswith(("value", "data", "text", "content")) else key


def _holds_secret(text: str, what: str) -> bool:
    """Tell whether a text gives access to something, also in base64, and in JSON and markup by the names in it."""
    if what == ACCESS:
        return True
    for inside in (text, decode_base64(text)):
        if not isinstance(inside, str):
            continue
        document = parse_json(inside) if what != LONG and inside.lstrip()[:1] in ("{", "[") else None
        if isinstance(document, HOLDERS):
            hiding = _Hiding(is_harmless=False)
            hiding(document)
            if hiding.left_out or hiding.giving_access:
                return True
        if gives_access(inside) or any(_secrets_in_markup(inside)):
            return True
    return False


def _secrets_in_markup(text: str) -> Iterator[bool]:
    if "<" not in text:
        return
    for pattern in _IN_MARKUP:
        for name, value in pattern.findall(text):
            yield is_secret({}, name, value)
