"""Mask the secrets in a content before people see it.

A value is a secret by the name beside it, its setting, the table of graph/content/secrets.py, or its looks. This
decides only what is shown, so masking too much is better than too little. But rules about passwords are no passwords:
names, ids, assignments, switches, choices and lengths stay readable.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from graph.content import embedded_json
from graph.content.secrets import SECRETS, is_mask
from graph.content.spellings import GUID

MASK = "•••••• (masked)"
UNKNOWN = "(a secret, and whether it is the same is not told)"

# --- names -----------------------------------------------------------------------------------------------------------

_CODES = r"(exit|pair(ing)?|unlock|activation|access|security|enroll?ment|verification|registration|recovery|setup)"
_SORTS = (
    r"(access|account|activation|admin|api|auth|client|encryption|licen[cs]e|master|network|pre[ _-]?shared|private"
    r"|product|recovery|security|service|shared|signing|storage|subscription|wep|wpa|workspace)"
)
# Endings of names of secrets, with at most a number, a sign or a word for text behind them.
_ENDS = re.compile(
    rf"(passwords?|passwd|passwort|passcodes?|passphrases?|pwd|secrets?|credentials?|tokens?|pfx|pkcs12|p12|psk"
    rf"|[_\W]pass|{_SORTS}[ _-]?keys?|key[ _-]?material"
    rf"|keytab|jwt|bearer|connection[ _-]?string|webhook([ _-]?ur[li])?|sas[ _-]?ur[li]|authorization"
    rf"|{_CODES}[ _-]?codes?|bitlocker[ _-]?pin|[_\W]pin)"
    r"([ _-]?(value|text|string|data|plain|hash|pem|base64|encrypted))?[\W_\d]*$",
    re.IGNORECASE,
)
# Endings that other words have too: they count only where a word begins.
_PIN_OR_KEY = re.compile(
    r"(?:[a-z0-9](?:Pin|PIN|Key|Pw|PW)|^[Pp](?:in|w)|PIN|KEY|(?:^|[_\W])[Kk]ey)(?:s|Code)?[\d\s:]*$"
)
# Words anywhere in the name of a secret, unless it is a rule's name.
_HOLDS = re.compile(
    rf"passw|passcode|passphrase|pwd|secret|credential|token|{_SORTS}[ _-]?key|connection[ _-]?string|key[ _-]?material"
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
# Ways to pass a secret to a program: PASSWORD=…, --api-key …, /uninstallcode:…
_TOLD = (
    rf"(password|passwd|passcode|passphrase|pwd|secret|token|credential|psk|{_SORTS}[_-]?key"
    rf"|((?!exit){_CODES}|uninstall)[_-]?code|registration[_-]?key|activation[_-]?id)"
)
_ACCESS = re.compile(
    rf"{_TOLD}[\"']?\s{{0,9}}[=:]\s{{0,9}}[^\s;,&]|(?:^|\s)(?:--?|/)\w{{0,20}}-?{_TOLD}\s{{1,9}}[^\s/-]"
    r"|[ \n][-/]e(nc|ncodedcommand|c)?\s{1,9}[a-z0-9+/]{16}|\s/user:\S{1,99}\s{1,9}[^\s/]|\bBearer\s{1,9}[\w.~+/-]{8}"
    r"|/(Incoming)?Webhook/\w|\b(glpat-|github_pat_|sk[-_](live|test|proj)[-_]|AIza|ya29\.)[\w-]{10}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{8,99}\.[\w-]{8}|://[^/\s:@]{1,99}:[^/\s@]{1,99}@|[?&]sig=[\w%]"
    r"|\bSharedAccess(Key|Signature)\s{0,9}="
    r"|\b(ghp_|xox[abp]-|AKIA)[\w-]{10}|hooks\.slack\.com/services/\w",
    re.IGNORECASE,
)
# Whatever _ACCESS finds contains one of these: searching for them first costs a thousandth.
_HINTS = (
    "passw", "passcode", "passphrase", "pwd", "secret", "token", "credential", "psk", "key", "code",
    " -e", " /e", "\n-e", "\n/e", "/user:", "bearer", "webhook/", "glpat-", "github_pat_", "sk-", "sk_", "aiza",
    "ya29.", "activation", "eyj", "://",
    "sig=", "sharedaccess", "ghp_", "xoxa-", "xoxb-", "xoxp-", "akia", "hooks.slack",
)  # fmt: skip
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}")
# PKCS#12 begins as SEQUENCE, version 3 (RFC 7292): a certificate with its key.
_PKCS12 = re.compile(rb"0\x82..\x02\x01\x03", re.DOTALL)
# The keys of a text of the settings catalog that names an app or a script (Windows Autopilot device preparation).
_REFERENCE = frozenset({"id", "type", "@odata.type"})
_SHORTEST_TEXT = 12
# Longer names are judged by their last characters.
LONGEST_NAME = 300
# A longer value is no setting that anybody reads: it is masked, and costs no look inside.
LONGEST_LOOKED_AT = 100_000
# A plan names the same few thousand properties and settings again and again: each name is judged once.
_NAMES_KEPT = 16_384
# PNG, JPEG, icon, GIF and PDF, in base64.
_SHOWN_TO_ALL = ("iVBORw", "/9j/", "AAABAA", "R0lGOD", "JVBERi")
ACCESS, WITH_KEY, LONG = "access data", "certificate with its key", "long text"


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
        context = _context(holder, context)
        context = context._replace(beside=_sibling_names(holder) or context.beside)
        return {key: self._property(holder, key, value, context) for key, value in holder.items()}

    def _property(self, holder: dict[str, Any], key: str, value: Any, context: _Context) -> Any:
        if key in _PROSE or _is_switch(value):
            return value if not isinstance(value, dict | list) else self._value(value, key, context)
        if is_secret(holder, key, value, context):
            kind = opaque_kind(value) if isinstance(value, str) else ""
            return self._blob(value, kind) if kind else self._mask()
        if isinstance(value, str) and (what := _blob_kind(holder, key, value, context)):
            return self._blob(value, what)
        if key == "valueJson" and isinstance(value, str):
            return self._json(value)
        if isinstance(value, str):
            return value
        return self._value(value, key, context._replace(is_choice=key.startswith("choiceSetting")))

    def _json(self, text: str) -> Any:
        """Mask the value of an intent's setting, which is JSON, unless it can be looked into and holds no secret."""
        if text.lstrip().startswith(("{", "[")) and embedded_json.parse(text) is None:
            return self._blob(text, "JSON")
        document = _parse_json(text) if len(text) <= LONGEST_LOOKED_AT else text
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
    has_value = any(_matches(_VALUE, name) for name in holder)
    own = [
        text
        for name, text in holder.items()
        if isinstance(text, str) and _matches(_NAME, name) and (has_value or name.lower().endswith("definitionid"))
    ]
    for named in ("definition", "presentation"):
        inner = holder.get(named)
        if isinstance(inner, dict):
            own += [inner[name] for name in ("label", "displayName") if isinstance(inner.get(name), str)]
    outer = around.names if "presentation" in holder or not own else ()
    is_of_setting = isinstance(holder.get("settingDefinitionId"), str)
    beside = around.beside if is_of_setting and not _SAYS_A_NAME.search(holder["settingDefinitionId"]) else ()
    return _Context((*own, *outer, *beside), around.is_choice)


def _sibling_names(holder: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that settings of a group hold for the values in other settings of it."""
    children = holder.get("children")
    settings = [child for child in children if isinstance(child, dict)] if isinstance(children, list) else []
    named = [setting for setting in settings if _SAYS_A_NAME.search(str(setting.get("settingDefinitionId")))]
    values = [setting.get("simpleSettingValue") for setting in named]
    return tuple(str(setting_value.get("value")) for setting_value in values if isinstance(setting_value, dict))


def is_secret(holder: Mapping[str, Any], key: str, value: Any, context: _Context = _NO_CONTEXT) -> bool:
    """Tell a secret by its property's name, or by its context."""
    if key in _NO_SECRETS or value in (None, "", [], {}) or _is_switch(value) or is_mask(value):
        return False
    if key in _TABLE or _names_a_secret(key, is_property=True):
        return True
    are_objects = isinstance(value, list) and any(isinstance(inner, dict) for inner in value)
    if not _matches(_VALUE, key) or context.is_choice or are_objects:
        return False
    if "valueState" in holder or holder.get("isEncrypted"):
        return True
    return any(map(_names_a_secret, context.names)) and not _is_rule_as_json(value)


def _matches(pattern: re.Pattern[str], name: str) -> bool:
    return _search(pattern, name[-LONGEST_NAME:])


@lru_cache(_NAMES_KEPT)
def _search(pattern: re.Pattern[str], name: str) -> bool:
    return bool(pattern.search(name))


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
    if isinstance(value, dict | list):
        return False
    text = str(value).strip('"')
    return len(text) <= _LONGEST_SWITCH and bool(_SWITCH.fullmatch(text))


def _is_rule_as_json(value: Any) -> bool:
    return isinstance(value, str) and _is_switch(value.strip().strip('"'))


def _blob_kind(holder: Mapping[str, Any], key: str, value: str, context: _Context) -> str:
    """Return what kind of opaque text this is, by its name or its looks; "" for an ordinary value."""
    kind = str(holder.get("@odata.type") or "")
    of_pair = _matches(_VALUE, key) and (_matches(_BLOB, kind) or any(_matches(_BLOB, name) for name in context.names))
    if not value or context.is_choice or GUID.fullmatch(value) or _is_shown(holder, key, value):
        return ""
    if _matches(_BLOB, key) or of_pair:
        is_script = "script" in f"{key} {' '.join(context.names)}".lower()
        return opaque_kind(value) or ("script" if is_script else "data")
    return "" if key == "valueJson" else opaque_kind(value)


def _is_shown(holder: Mapping[str, Any], key: str, value: str) -> bool:
    """Tell whether everybody may see it: pictures, documents, certificates without a key."""
    is_picture = str(holder.get("type")).startswith("image/") or value.startswith(_SHOWN_TO_ALL)
    return key in _PROSE or is_picture or (key.lower().endswith("certificate") and not _holds_a_key(value))


def _holds_a_key(value: str) -> bool:
    return opaque_kind(value) in (ACCESS, WITH_KEY, LONG)


def opaque_kind(text: str) -> str:
    """Return what kind of opaque text this is, also in base64: markup, JSON, a script, a key; "" for others."""
    if len(text) > LONGEST_LOOKED_AT:
        return LONG
    return _text_kind(text) or _in_base64(text)


def _text_kind(text: str) -> str:
    begin = text.lstrip("\ufeff \t\r\n")
    if _gives_access(text):
        return ACCESS
    if begin.startswith("<") and ">" in begin:
        return "XML"
    if begin.startswith("#!"):
        return "script"
    document = _parse_json(begin) if begin.startswith(("{", "[")) else None
    is_reference = isinstance(document, dict) and document.keys() <= _REFERENCE
    return "JSON" if document and isinstance(document, dict | list) and not is_reference else ""


def _gives_access(text: str) -> bool:
    small = text.lower()
    return any(hint in small for hint in _HINTS) and bool(_ACCESS.search(text))


def _in_base64(text: str) -> str:
    if not _BASE64.fullmatch(text.strip()):
        return ""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return ""
    if _PKCS12.match(data):
        return WITH_KEY
    inside = _text_of(data)
    return (_text_kind(inside) or "script or text") if len(inside) >= _SHORTEST_TEXT else ""


def _text_of(data: bytes) -> str:
    """Return the readable text in the bytes; "" for an image, a certificate, or a word that only looks like base64."""
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8", "utf-16-le"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        plain = sum((char.isprintable() and char.isascii()) or char in "\r\n\t" for char in text)
        if text and plain >= 0.9 * len(text):
            return text
    return ""


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
