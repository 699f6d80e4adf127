"""Which parts of a content are secrets, by what they are: the name beside a value, the setting that it is of, the table
of graph/content/secrets.py, and what a value looks like.

Nothing is decided by it but what is shown, so too much is better than too little. But rules about passwords are no
passwords: names, ids, assignments, switches, choices and lengths stay readable.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

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
# What a name of a secret ends in, with a number, a mark or a unit of text behind it at most.
_ENDS = re.compile(
    rf"(passwords?|passwd|passwort|passcodes?|passphrases?|pwd|secrets?|credentials?|tokens?|pfx|pkcs12|p12|psk"
    rf"|[_\W]pass|{_SORTS}[ _-]?keys?|key[ _-]?material"
    rf"|keytab|jwt|bearer|connection[ _-]?string|webhook([ _-]?ur[li])?|sas[ _-]?ur[li]|authorization"
    rf"|{_CODES}[ _-]?codes?|bitlocker[ _-]?pin|[_\W]pin)"
    r"([ _-]?(value|text|string|data|plain|hash|pem|base64|encrypted))?[\W_\d]*$",
    re.IGNORECASE,
)
# Words that other words end in too: only where one begins.
_PIN_OR_KEY = re.compile(
    r"(?:[a-z0-9](?:Pin|PIN|Key|Pw|PW)|^[Pp](?:in|w)|PIN|KEY|(?:^|[_\W])[Kk]ey)(?:s|Code)?[\d\s:]*$"
)
# What a secret's name holds somewhere, unless it is a rule's.
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
# No secret in a property of this name, whatever it ends in.
_NO_SECRETS = frozenset(
    {
        "key", "appConfigKey", "enabledSkipKeys", "publicKey", "registryKey", "customForgotMyPasswordText",
        "forgotMyPassword", "accountResetCredentials", "userRightsCreateToken", "maximumDepTokens",
    }
)  # fmt: skip
_TABLE = frozenset(name for _, name in SECRETS)
# Words that people wrote, and what things are called.
_PROSE = frozenset(
    {
        "id", "displayName", "name", "description", "notes", "@odata.type", "title", "subject", "messageTemplate",
        "bodyText", "acceptanceStatement", "label", "omaUri", "locale",
    }
)  # fmt: skip
# A value, and what says beside it what it is of.
_VALUE = re.compile(
    r"(?<!setting)(?<!settingcollection)(value|values|valueJson)$|^value(string|integer|bundle|text|data)(array)?$"
    r"|(?<!meta)data$|^(text|content)$",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"(name|key|label|title|header|omaUri|definitionId|variable|attribute|field)$|^(id|type)$", re.IGNORECASE
)
# A setting of a group that holds what another one is called.
_SAYS_A_NAME = re.compile(r"_(\w*key|name|key_?name|keytobereplaced|variable)$", re.IGNORECASE)
# What switches are set to, whatever they are called.
_SWITCH = re.compile(
    r"true|false|yes|no|on|off|[01]|null|none|enabled?|disabled?|not ?configured|required|optional"
    r"|\s*<(enabled|disabled)\s*/>\s*|PGVuYWJsZWQvPg==|PGVuYWJsZWQgLz4=|PGRpc2FibGVkLz4=|PGRpc2FibGVkIC8\+",
    re.IGNORECASE,
)
# With blanks around it; a longer text is none.
_LONGEST_SWITCH = 40

# --- what a value looks like -----------------------------------------------------------------------------------------

_BLOB = re.compile(
    r"(payload|payloadJson|script|(script|rules|file)_?content|xml|blob|mobileconfig|plist)$", re.IGNORECASE
)
# What programs are told a secret by: PASSWORD=…, --api-key …, /uninstallcode:…
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
# One of these is in whatever the pattern finds: looking for them costs a thousandth.
_HINTS = (
    "passw", "passcode", "passphrase", "pwd", "secret", "token", "credential", "psk", "key", "code",
    " -e", " /e", "\n-e", "\n/e", "/user:", "bearer", "webhook/", "glpat-", "github_pat_", "sk-", "sk_", "aiza",
    "ya29.", "activation", "eyj", "://",
    "sig=", "sharedaccess", "ghp_", "xoxa-", "xoxb-", "xoxp-", "akia", "hooks.slack",
)  # fmt: skip
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}")
# PKCS#12 begins as SEQUENCE, version 3 (RFC 7292): a certificate with its key.
_PKCS12 = re.compile(rb"0\x82..\x02\x01\x03", re.DOTALL)
# What a text of the settings catalog names an app or a script by (Windows Autopilot device preparation).
_REFERENCE = frozenset({"id", "type", "@odata.type"})
_SHORTEST_TEXT = 12
# Of which the end tells.
LONGEST_NAME = 300
# A longer value is no setting that anybody reads: it is masked, and costs no look inside.
LONGEST_LOOKED_AT = 100_000
# A plan names the same few thousand properties and settings again and again: what a name says is worked out once.
_NAMES_KEPT = 16_384
# PNG, JPEG, icon, GIF and PDF, in base64.
_SHOWN_TO_ALL = ("iVBORw", "/9j/", "AAABAA", "R0lGOD", "JVBERi")
ACCESS, WITH_KEY, LONG = "access data", "certificate with its key", "long text"


class _Near(NamedTuple):
    """What is said of a value by what stands around it."""

    names: tuple[str, ...] = ()
    # It is one of the choices that a setting has.
    is_choice: bool = False
    # What the settings beside it in a group call it.
    beside: tuple[str, ...] = ()


_NOTHING = _Near()


class Masking:
    """Makes copies of contents with their secrets masked, and counts them.

    `tells_apart`: a script or another opaque text that is not the same as one before gets another mask, so that a
    comparison of what was captured shows that it changed. Never where one of the two may be somebody's guess.
    """

    def __init__(self, *, tells_apart: bool = False) -> None:
        self.count = 0
        self._tells_apart = tells_apart
        self._seen: dict[str, list[bytes]] = {}

    def __call__(self, value: Any) -> Any:
        return self._value(value, "", _NOTHING)

    def _value(self, value: Any, key: str, near: _Near) -> Any:
        if isinstance(value, dict):
            return self._object(value, near)
        if isinstance(value, list):
            return [self._value(inner, key, near) for inner in value]
        what = _blob_of({}, key, value, near) if isinstance(value, str) else ""
        return self._blob(value, what) if what else value

    def _object(self, holder: dict[str, Any], near: _Near) -> dict[str, Any]:
        near = _near(holder, near)
        near = near._replace(beside=_beside(holder) or near.beside)
        return {key: self._property(holder, key, value, near) for key, value in holder.items()}

    def _property(self, holder: dict[str, Any], key: str, value: Any, near: _Near) -> Any:
        if key in _PROSE or _is_switch(value):
            return value if not isinstance(value, dict | list) else self._value(value, key, near)
        if is_secret(holder, key, value, near):
            return self._blob(value, opaque(value)) if isinstance(value, str) and opaque(value) else self._mask()
        if isinstance(value, str) and (what := _blob_of(holder, key, value, near)):
            return self._blob(value, what)
        if key == "valueJson" and isinstance(value, str):
            return self._json(value)
        if isinstance(value, str):
            return value
        return self._value(value, key, near._replace(is_choice=key.startswith("choiceSetting")))

    def _json(self, text: str) -> Any:
        """An intent's value is always JSON: it stays where nothing in it is a secret."""
        read = _parsed(text) if len(text) <= LONGEST_LOOKED_AT else text
        if isinstance(read, str):
            return self._blob(text, opaque(read)) if opaque(read) else text
        inside = Masking()
        inside(read)
        return self._blob(text, "JSON") if inside.count else text

    def _mask(self) -> str:
        self.count += 1
        return MASK

    def _blob(self, value: Any, what: str) -> str:
        """What it is, and about how long. No digest: of a text that is known but for a password it would tell that."""
        self.count += 1
        text = str(value)
        shown = f"{what}, about {-(-len(text) // 100) * 100:,} characters"
        return MASK[:-1] + f" {shown}{self._number(shown, text)})"

    def _number(self, shown: str, text: str) -> str:
        if not self._tells_apart:
            return ""
        seen, mark = self._seen.setdefault(shown, []), hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        if mark not in seen:
            seen.append(mark)
        number = seen.index(mark) + 1
        return f", text {number}" if number > 1 else ""


class _Unlike(Masking):
    """What it masks is equal to nothing, and no mask either: masks are left where they are."""

    def _mask(self) -> str:
        return UNKNOWN

    def _blob(self, value: Any, what: str) -> str:
        return UNKNOWN


def as_told(live: dict[str, Any], want: Mapping[str, Any], fixed: Collection[str]) -> dict[str, Any]:
    """What is there, as it is compared with a file of somebody who may not see its secrets: none of them is known to be
    the same, so that nobody can try whether a guess is right. What cannot be changed anyway (`fixed`) counts as the
    same.
    """
    told = _Unlike()(live)
    same = {name: want["body"].get(name) for name in fixed if told["body"].get(name) != live["body"].get(name)}
    return {**told, "body": {**told["body"], **same}}


def masked(value: Any) -> Any:
    return Masking()(value)


def _near(holder: Mapping[str, Any], around: _Near) -> _Near:
    """What a pair's name, a setting's definition, or a presentation's label says of the values in the object."""
    has_value = any(_says(_VALUE, name) for name in holder)
    own = [
        said
        for name, said in holder.items()
        if isinstance(said, str) and _says(_NAME, name) and (has_value or name.lower().endswith("definitionid"))
    ]
    for named in ("definition", "presentation"):
        inner = holder.get(named)
        if isinstance(inner, dict):
            own += [inner[name] for name in ("label", "displayName") if isinstance(inner.get(name), str)]
    outer = around.names if "presentation" in holder or not own else ()
    is_of_setting = isinstance(holder.get("settingDefinitionId"), str)
    beside = around.beside if is_of_setting and not _SAYS_A_NAME.search(holder["settingDefinitionId"]) else ()
    return _Near((*own, *outer, *beside), around.is_choice)


def _beside(holder: Mapping[str, Any]) -> tuple[str, ...]:
    """Where one setting of a group holds a name and another its value: the names."""
    children = holder.get("children")
    settings = [one for one in children if isinstance(one, dict)] if isinstance(children, list) else []
    named = [one for one in settings if _SAYS_A_NAME.search(str(one.get("settingDefinitionId")))]
    values = [one.get("simpleSettingValue") for one in named]
    return tuple(str(one.get("value")) for one in values if isinstance(one, dict))


def is_secret(holder: Mapping[str, Any], key: str, value: Any, near: _Near = _NOTHING) -> bool:
    """By its property's name, or by what stands beside it."""
    if key in _NO_SECRETS or value in (None, "", [], {}) or _is_switch(value) or is_mask(value):
        return False
    if key in _TABLE or _names_a_secret(key, is_property=True):
        return True
    are_objects = isinstance(value, list) and any(isinstance(one, dict) for one in value)
    if not _says(_VALUE, key) or near.is_choice or are_objects:
        return False
    if "valueState" in holder or holder.get("isEncrypted"):
        return True
    return any(map(_names_a_secret, near.names)) and not _is_rule_as_json(value)


def _says(pattern: re.Pattern[str], name: str) -> bool:
    return _found(pattern, name[-LONGEST_NAME:])


@lru_cache(_NAMES_KEPT)
def _found(pattern: re.Pattern[str], name: str) -> bool:
    return bool(pattern.search(name))


def _names_a_secret(name: str, *, is_property: bool = False) -> bool:
    return _is_secrets(name[-LONGEST_NAME:], is_property)


@lru_cache(_NAMES_KEPT)
def _is_secrets(name: str, is_property: bool) -> bool:
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


def _blob_of(holder: Mapping[str, Any], key: str, value: str, near: _Near) -> str:
    """What sort of opaque text it is, by its name or by itself; "" for an ordinary value."""
    kind = str(holder.get("@odata.type") or "")
    of_pair = _says(_VALUE, key) and (_says(_BLOB, kind) or any(_says(_BLOB, name) for name in near.names))
    if not value or near.is_choice or GUID.fullmatch(value) or _is_shown(holder, key, value):
        return ""
    if _says(_BLOB, key) or of_pair:
        is_script = "script" in f"{key} {' '.join(near.names)}".lower()
        return opaque(value) or ("script" if is_script else "data")
    return "" if key == "valueJson" else opaque(value)


def _is_shown(holder: Mapping[str, Any], key: str, value: str) -> bool:
    """Pictures, papers, and certificates without a key: everybody may see them."""
    is_picture = str(holder.get("type")).startswith("image/") or value.startswith(_SHOWN_TO_ALL)
    return key in _PROSE or is_picture or (key.lower().endswith("certificate") and not _holds_a_key(value))


def _holds_a_key(value: str) -> bool:
    return opaque(value) in (ACCESS, WITH_KEY, LONG)


def opaque(text: str) -> str:
    """What nobody can see into: markup, JSON, a script, a key, as it is or in base64; "" for an ordinary value."""
    if len(text) > LONGEST_LOOKED_AT:
        return LONG
    return _opaque(text) or _in_base64(text)


def _opaque(text: str) -> str:
    begin = text.lstrip("\ufeff \t\r\n")
    if _gives_access(text):
        return ACCESS
    if begin.startswith("<") and ">" in begin:
        return "XML"
    if begin.startswith("#!"):
        return "script"
    read = _parsed(begin) if begin.startswith(("{", "[")) else None
    is_reference = isinstance(read, dict) and read.keys() <= _REFERENCE
    return "JSON" if read and isinstance(read, dict | list) and not is_reference else ""


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
    return (_opaque(inside) or "script or text") if len(inside) >= _SHORTEST_TEXT else ""


def _text_of(data: bytes) -> str:
    """What people could read; "" for an image, a certificate, or a word that only looks like base64."""
    for encoding in ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8", "utf-16-le"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        plain = sum((one.isprintable() and one.isascii()) or one in "\r\n\t" for one in text)
        if text and plain >= 0.9 * len(text):
            return text
    return ""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
