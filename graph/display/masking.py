"""Mask the secrets in a content before people see it.

A value is a secret by the name beside it, its setting, the table of graph/content/secret_table.py, or its looks. This
decides only what is shown, so masking too much is better than too little. But rules about passwords are no passwords:
names, ids, assignments, switches, choices and lengths stay readable.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from graph.content import embedded_json
from graph.content.odata import HOLDERS
from graph.content.secret_table import SECRETS
from graph.content.secrets import is_mask
from graph.content.spellings import GUID
from graph.display.opaque_texts import (
    ACCESS,
    CODES,
    LONG,
    LONGEST_LOOKED_AT,
    SORTS,
    WITH_KEY,
    opaque_kind,
    parse_json,
)

MASK = "•••••• (masked)"
UNKNOWN = "(a secret, and whether it is the same is not told)"

# --- names -----------------------------------------------------------------------------------------------------------

# Endings of names of secrets, with at most a number, a sign or a word for text behind them.
_ENDS = re.compile(
    rf"(passwords?|passwd|passwort|passcodes?|passphrases?|pwd|secrets?|credentials?|tokens?|pfx|pkcs12|p12|psk"
    rf"|[_\W]pass|{SORTS}[ _-]?keys?|key[ _-]?material"
    rf"|keytab|jwt|bearer|connection[ _-]?string|webhook([ _-]?ur[li])?|sas[ _-]?ur[li]|authorization"
    rf"|{CODES}[ _-]?codes?|bitlocker[ _-]?pin|[_\W]pin)"
    r"([ _-]?(value|text|string|data|plain|hash|pem|base64|encrypted))?[\W_\d]*$",
    re.IGNORECASE,
)
# Endings that other words have too: they count only where a word begins.
_PIN_OR_KEY = re.compile(
    r"(?:[a-z0-9](?:Pin|PIN|Key|Pw|PW)|^[Pp](?:in|w)|PIN|KEY|(?:^|[_\W])[Kk]ey)(?:s|Code)?[\d\s:]*$"
)
# Words anywhere in the name of a secret, unless it is a rule's name.
_HOLDS = re.compile(
    rf"passw|passcode|passphrase|pwd|secret|credential|token|{SORTS}[ _-]?key|connection[ _-]?string|key[ _-]?material"
    r"|(on|off)boarding[ _-]?blob",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"length|min|max|requir|complex|expir|age|histor|attempt|block|allow|enable|disable|type|polic|rotat|timeout|life"
    r"|count|prompt|chang|reset|reus|quality|level|days?|hour|months?|second|period|interval|sav|remember|reveal"
    r"|protect|sync|provider|ur[li]|path|name|user|domain|format|escrow|location|configur|prevent|restrict|notif|fill"
    r"|generat|lock|screen|deleg|guard|roam|hint|messag|help|simple|character|set|method|mode|source|support|binding",
    re.IGNORECASE,
)
# Properties that hold no secret, whatever their names end in.
_NO_SECRETS = frozenset(
    {
        "key", "appConfigKey", "enabledSkipKeys", "publicKey", "registryKey", "customForgotMyPasswordText",
        "forgotMyPassword", "accountResetCredentials", "userRightsCreateToken", "maximumDepTokens",
    }
)  # fmt: skip
_TABLE = frozenset(name for _, name in SECRETS)
# Properties with words that people wrote, and names.
_PROSE = frozenset(
    {
        "id", "displayName", "name", "description", "notes", "@odata.type", "title", "subject", "messageTemplate",
        "bodyText", "acceptanceStatement", "label", "omaUri", "locale",
    }
)  # fmt: skip
# Names of the property that holds a value, and of those beside it that say what it is.
_VALUE = re.compile(
    r"(?<!setting)(?<!settingcollection)(value|values|valueJson)$|^value(string|integer|bundle|text|data)(array)?$"
    r"|(?<!meta)data$|^(text|content)$",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(name|key|label|title|header|omaUri|definitionId|variable|attribute|field)$|^(id|type)$", re.IGNORECASE
)
# In a group: the setting that holds the name of another one.
_SAYS_A_NAME = re.compile(r"_(\w*key|name|key_?name|keytobereplaced|variable)$", re.IGNORECASE)
# Values of switches, whatever they are called: no secrets.
_SWITCH = re.compile(
    r"true|false|yes|no|on|off|[01]|null|none|enabled?|disabled?|not ?configured|required|optional"
    r"|\s*<(enabled|disabled)\s*/>\s*|PGVuYWJsZWQvPg==|PGVuYWJsZWQgLz4=|PGRpc2FibGVkLz4=|PGRpc2FibGVkIC8\+",
    re.IGNORECASE,
)
_LONGEST_SWITCH = 40  # with blanks around it

# --- what a value looks like -----------------------------------------------------------------------------------------

_BLOB = re.compile(
    r"(payload|payloadJson|script|(script|rules|file)_?content|xml|blob|mobileconfig|plist)$", re.IGNORECASE
)
# Longer names are judged by their last characters.
LONGEST_NAME = 300
# A plan names the same few thousand properties and settings again and again: each name is judged once.
_NAMES_KEPT = 16_384
# PNG, JPEG, icon, GIF and PDF, in base64.
_SHOWN_TO_ALL = ("iVBORw", "/9j/", "AAABAA", "R0lGOD", "JVBERi")


class _Context(NamedTuple):
    """The things around a value that say what it is."""

    names: tuple[str, ...] = ()
    # The value is one of the choices that a setting has.
    is_choice: bool = False
    # Names that settings beside it in a group give it.
    beside: tuple[str, ...] = ()


_NO_CONTEXT = _Context()


class Masking:
    """Copies contents with their secrets masked, and counts these.

    `tells_apart`: different scripts, and other opaque texts, get different masks, so that a comparison of captured
    contents shows a change. Never set it where one of the two may be somebody's guess.
    """

    def __init__(self, *, tells_apart: bool = False) -> None:
        self.count = 0
        self._tells_apart = tells_apart
        self._seen: dict[str, list[bytes]] = {}

    def __call__(self, value: Any) -> Any:
        return self._value(value, "", _NO_CONTEXT)

    def _value(self, value: Any, key: str, context: _Context) -> Any:
        if isinstance(value, dict):
            return self._object(value, context)
        if isinstance(value, list):
            return [self._value(inner, key, context) for inner in value]
        what = _blob_kind({}, key, value, context) if isinstance(value, str) else ""
        return self._blob(value, what) if what else value

    def _object(self, holder: dict[str, Any], context: _Context) -> dict[str, Any]:
        inner = _context(holder, context)
        if beside := _sibling_names(holder):
            inner = inner._replace(beside=beside)
        return {key: self._property(holder, key, value, inner) for key, value in holder.items()}

    def _property(self, holder: dict[str, Any], key: str, value: Any, context: _Context) -> Any:
        if key in _PROSE or _is_switch(value):
            return value if not isinstance(value, HOLDERS) else self._value(value, key, context)
        if _is_secret(holder, key, value, context):
            kind = opaque_kind(value) if isinstance(value, str) else ""
            return self._blob(value, kind) if kind else self._mask()
        if isinstance(value, str) and (what := _blob_kind(holder, key, value, context)):
            return self._blob(value, what)
        if key == "valueJson" and isinstance(value, str):
            return self._json(value)
        if isinstance(value, str):
            return value
        is_choice = key.startswith("choiceSetting")
        return self._value(
            value, key, context if is_choice == context.is_choice else context._replace(is_choice=is_choice)
        )

    def _json(self, text: str) -> Any:
        """Mask the value of an intent's setting, which is JSON, unless it can be looked into and holds no secret."""
        if text.lstrip().startswith(("{", "[")) and embedded_json.parse(text) is None:
            return self._blob(text, "JSON")
        document = parse_json(text) if len(text) <= LONGEST_LOOKED_AT else text
        if isinstance(document, str):
            return self._blob(text, opaque_kind(document)) if opaque_kind(document) else text
        inside = Masking()
        inside(document)
        return self._blob(text, "JSON") if inside.count else text

    def _mask(self) -> str:
        self.count += 1
        return MASK

    def _blob(self, value: Any, what: str) -> str:
        """Mask a text, and say what it is and about how long.

        No digest: whoever knows the text but for a password could try passwords with it.
        """
        self.count += 1
        text = str(value)
        shown = f"{what}, about {-(-len(text) // 100) * 100:,} characters"
        return MASK[:-1] + f" {shown}{self._text_number(shown, text)})"

    def _text_number(self, shown: str, text: str) -> str:
        if not self._tells_apart:
            return ""
        seen, digest = self._seen.setdefault(shown, []), hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        if digest not in seen:
            seen.append(digest)
        number = seen.index(digest) + 1
        return f", text {number}" if number > 1 else ""


class _HidingSecrets(Masking):
    """Replaces secrets by a text that equals nothing, and is no mask either: masks stay where they are."""

    def _mask(self) -> str:
        return UNKNOWN

    def _blob(self, value: Any, what: str) -> str:
        return UNKNOWN


def hide_live_secrets(live: dict[str, Any], want: Mapping[str, Any], fixed: Collection[str]) -> dict[str, Any]:
    """Return the live content for comparison with a file of somebody who may not see its secrets.

    None of its secrets equals the file's, so that nobody can try whether a guess is right. Properties that cannot be
    changed anyway (`fixed`) count as equal.
    """
    hidden = _HidingSecrets()(live)
    same = {name: want["body"].get(name) for name in fixed if hidden["body"].get(name) != live["body"].get(name)}
    return {**hidden, "body": {**hidden["body"], **same}}


def mask_secrets(value: Any) -> Any:
    return Masking()(value)


def _context(holder: Mapping[str, Any], around: _Context) -> _Context:
    """Return the context of the values in an object: a pair's name, a setting's definition, a presentation's label."""
    own, has_value = [], None
    for name, text in holder.items():
        if not isinstance(text, str) or not _is_a_name(name[-LONGEST_NAME:]):
            continue
        if has_value is None:
            has_value = any(_is_of_value(other[-LONGEST_NAME:]) for other in holder)
        if has_value or name.lower().endswith("definitionid"):
            own.append(text)
    for named in ("definition", "presentation"):
        inner = holder.get(named)
        if isinstance(inner, dict):
            own += [inner[name] for name in ("label", "displayName") if isinstance(inner.get(name), str)]
    outer = around.names if "presentation" in holder or not own else ()
    setting = holder.get("settingDefinitionId") if around.beside else None
    beside = around.beside if isinstance(setting, str) and not _SAYS_A_NAME.search(setting) else ()
    return _Context((*own, *outer, *beside), around.is_choice)


def _sibling_names(holder: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that settings of a group hold for the values in other settings of it."""
    children = holder.get("children")
    if not children:
        return ()
    settings = [child for child in children if isinstance(child, dict)] if isinstance(children, list) else []
    named = [setting for setting in settings if _SAYS_A_NAME.search(str(setting.get("settingDefinitionId")))]
    values = [setting.get("simpleSettingValue") for setting in named]
    return tuple(str(setting_value.get("value")) for setting_value in values if isinstance(setting_value, dict))


def is_secret(holder: Mapping[str, Any], key: str, value: Any, context: _Context = _NO_CONTEXT) -> bool:
    """Tell a secret by its property's name, or by its context."""
    return not _is_switch(value) and _is_secret(holder, key, value, context)


def _is_secret(holder: Mapping[str, Any], key: str, value: Any, context: _Context) -> bool:
    """Tell it of a value that is no switch."""
    if key in _NO_SECRETS or value in ("", [], {}) or is_mask(value):
        return False
    if key in _TABLE or _names_a_secret(key, is_property=True):
        return True
    are_objects = isinstance(value, list) and any(isinstance(inner, dict) for inner in value)
    if not _is_of_value(key[-LONGEST_NAME:]) or context.is_choice or are_objects:
        return False
    if "valueState" in holder or holder.get("isEncrypted"):
        return True
    return any(map(_names_a_secret, context.names)) and not _is_rule_as_json(value)


@lru_cache(_NAMES_KEPT)
def _is_of_value(name: str) -> bool:
    """Tell whether a property of this name holds a value that others beside it name."""
    return bool(_VALUE.search(name))


@lru_cache(_NAMES_KEPT)
def _is_a_name(name: str) -> bool:
    """Tell whether a property of this name says what the value beside it is."""
    return bool(_NAME.search(name))


@lru_cache(_NAMES_KEPT)
def _is_of_blob(name: str) -> bool:
    return bool(_BLOB.search(name))


def _names_a_secret(name: str, *, is_property: bool = False) -> bool:
    return _is_secret_name(name[-LONGEST_NAME:], is_property)


@lru_cache(_NAMES_KEPT)
def _is_secret_name(name: str, is_property: bool) -> bool:
    if _ENDS.search(name) or _PIN_OR_KEY.search(name):
        return True
    return not is_property and bool(_HOLDS.search(name)) and not _RULE.search(name)


def _is_switch(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, HOLDERS):
        return False
    text = str(value).strip('"')
    return len(text) <= _LONGEST_SWITCH and bool(_SWITCH.fullmatch(text))


def _is_rule_as_json(value: Any) -> bool:
    return isinstance(value, str) and _is_switch(value.strip().strip('"'))


def _blob_kind(holder: Mapping[str, Any], key: str, value: str, context: _Context) -> str:
    """Return what kind of opaque text this is, by its name or its looks; "" for an ordinary value."""
    if not value or context.is_choice or GUID.fullmatch(value) or _is_shown(holder, key, value):
        return ""
    if _is_of_blob(key[-LONGEST_NAME:]) or _is_blob_of_pair(holder, key, context):
        is_script = "script" in f"{key} {' '.join(context.names)}".lower()
        return opaque_kind(value) or ("script" if is_script else "data")
    return "" if key == "valueJson" else opaque_kind(value)


def _is_blob_of_pair(holder: Mapping[str, Any], key: str, context: _Context) -> bool:
    """Tell whether what stands beside a value says that it is opaque."""
    if not _is_of_value(key[-LONGEST_NAME:]):
        return False
    kind = str(holder.get("@odata.type") or "")
    return any(_is_of_blob(name[-LONGEST_NAME:]) for name in (kind, *context.names))


def _is_shown(holder: Mapping[str, Any], key: str, value: str) -> bool:
    """Tell whether everybody may see it: pictures, documents, certificates without a key."""
    is_picture = str(holder.get("type")).startswith("image/") or value.startswith(_SHOWN_TO_ALL)
    return key in _PROSE or is_picture or (key.lower().endswith("certificate") and not _holds_a_key(value))


def _holds_a_key(value: str) -> bool:
    return opaque_kind(value) in (ACCESS, WITH_KEY, LONG)
