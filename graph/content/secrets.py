"""Secrets that Microsoft Graph keeps to itself: where they are, and what is written in their place.

Which properties are secrets a table says, made from Microsoft's model; never a name's ending. Whatever Graph answers in
the place of one (a token, a mask, null, nothing), a backup does not hold it. One walk over what is wanted, and what is
there beside it, leaves it out or takes what is there, and says of each what became of it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from graph.content.normalise import canonical, clean, key_of
from graph.content.places import Place, body_of, place_in, root_type
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType

# What stands where a secret was: stars, hash marks or bullets, with the last few characters perhaps
# (Microsoft365DSC/Microsoft365DSC#3244: "#####-#####-#####-#####-#2345").
_MASK = re.compile(r"\w{0,4}[*#•●]{4,}(?:[-\s]?[*#•●]+)*-?\w{0,5}|(?:[Xx]{5}-){4}\w{5}")
# What our own downloads put there.
HIDDEN = re.compile(r"•{6} ")


@dataclass(frozen=True)
class Secret:
    """A property that Graph does not give back. It was set when `flag` is true; where there is no such flag, when
    `when` holds: {property: its values}, () any value at all. `is_placeholder`: what is answered is never the secret.
    """

    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flag: str = ""
    is_placeholder: bool = False


_PERSONAL = ("wep", "wpaPersonal", "wpa2Personal", "wpa3Personal")
_WIFI = Secret({"wiFiSecurityType": _PERSONAL})
_WIFI_WITH_FLAG = Secret({"wiFiSecurityType": _PERSONAL}, "preSharedKeyIsSet")

# By type and property. Where no source stands beside a row: the model's description calls it a password, a key or a
# secret, and it is needed as the description of the other property says; nobody has seen Graph give it back.
SECRETS: Mapping[tuple[str, str], Secret] = {
    # Answered as null (Microsoft365DSC/Microsoft365DSC#3168 and exports of others).
    ("windowsWifiConfiguration", "preSharedKey"): Secret({"wifiSecurityType": _PERSONAL}),
    ("iosWiFiConfiguration", "preSharedKey"): _WIFI,
    ("macOSWiFiConfiguration", "preSharedKey"): _WIFI,
    ("androidEnterpriseWiFiConfiguration", "preSharedKey"): _WIFI,
    ("androidDeviceOwnerWiFiConfiguration", "preSharedKey"): _WIFI_WITH_FLAG,
    ("androidWorkProfileWiFiConfiguration", "preSharedKey"): _WIFI_WITH_FLAG,
    ("aospDeviceOwnerWiFiConfiguration", "preSharedKey"): _WIFI_WITH_FLAG,
    ("iosikEv2VpnConfiguration", "sharedSecret"): Secret({"authenticationMethod": ("sharedSecret",)}),
    # Answered as hash marks with the last digits (Microsoft365DSC/Microsoft365DSC#3244).
    ("editionUpgradeConfiguration", "productKey"): Secret({"licenseType": ("productKey",)}),
    ("editionUpgradeConfiguration", "license"): Secret({"licenseType": ("licenseFile",)}),
    # Answered as null (exports of others). A multi-app kiosk of before there was the flag may have one.
    ("androidDeviceOwnerGeneralDeviceConfiguration", "kioskModeExitCode"): Secret(
        {"kioskModeUseManagedHomeScreenApp": ("multiAppMode",)}, "isKioskModeExitCodeSet"
    ),
    # "When it is read, it only provides a placeholder string since the original data is encrypted and stored."
    ("androidOmaCpConfiguration", "configurationXml"): Secret({"@odata.type": ()}, is_placeholder=True),
    ("windows10TeamGeneralConfiguration", "azureOperationalInsightsWorkspaceKey"): Secret(
        {"azureOperationalInsightsWorkspaceId": ()}
    ),
    ("windowsDefenderAdvancedThreatProtectionConfiguration", "advancedThreatProtectionOnboardingBlob"): Secret(
        {"advancedThreatProtectionOnboardingFilename": ()}
    ),
    ("windowsDefenderAdvancedThreatProtectionConfiguration", "advancedThreatProtectionOffboardingBlob"): Secret(
        {"advancedThreatProtectionOffboardingFilename": ()}
    ),
    ("depMacOSEnrollmentProfile", "adminAccountPassword"): Secret({"adminAccountUserName": ()}),
    ("androidDeviceOwnerEnrollmentProfile", "wifiPassword"): Secret({"wifiSecurityType": ("wep", "wpa")}),
}

# Secrets of the settings catalog that hold nothing of the tenant: what is written in their place makes the service take
# its own. KelvinTegelaar/CIPP-API (Set-CIPPDefenderEDRPolicy) and the endpoint detection and response example of
# terraprovider/terraform-provider-microsoft365wp write these words.
FROM_CONNECTOR: Mapping[str, str] = {
    "device_vendor_msft_windowsadvancedthreatprotection_onboarding_fromconnector": "Microsoft ATP connector enabled",
}

# An intent's onboarding file is its tenant's: Graph answers 400 when one of another tenant comes along.
ONBOARDING = re.compile(r"advancedThreatProtection(Onboarding|Offboarding)(Blob|Filename)$", re.IGNORECASE)


@dataclass(frozen=True)
class NotHeld:
    """A secret that a backup does not hold. `stays`: what is there stays as it is."""

    where: str
    stays: bool


@dataclass(frozen=True)
class Broken:
    """A choice of the settings catalog, and a secret that it depends on and that is neither held nor there."""

    choice: str
    secret: str


@dataclass(frozen=True)
class Settled:
    """`body`: as it can be written. What is left out of it, and what is there instead, is in `not_held`."""

    body: dict[str, Any]
    not_held: tuple[NotHeld, ...]
    broken: tuple[Broken, ...]


def settle(policy_type: PolicyType, want: dict[str, Any], live: dict[str, Any] | None = None) -> Settled:
    """`live`: what is in the tenant now; None when it is not there."""
    walk = _Walk()
    body = walk.object(want, live or {}, body_of(policy_type))
    if body is _LEFT_OUT:  # a reusable setting is one setting
        body = {name: value for name, value in want.items() if name != "settingInstance"}
    return Settled(body, tuple(dict.fromkeys(walk.not_held)), tuple(walk.broken))


def comparable(policy_type: PolicyType, want: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """What is wanted, so far as it can be compared with what is there: Graph may keep a secret that we do hold."""
    body = settle(policy_type, want, live).body
    kept = {name for name, found in secrets_of(body, root_type(policy_type)).items()
            if not is_held(live.get(name), found)}  # fmt: skip
    return {name: value for name, value in body.items() if name not in kept}


def is_mask(value: Any) -> bool:
    """Or one as JSON: an intent's value is."""
    return isinstance(value, str) and bool(_MASK.fullmatch(value.strip('"')) or HIDDEN.match(value))


def holds_mask(value: Any) -> bool:
    """Deeper inside, where nothing can be left out without taking away what is there."""
    if isinstance(value, dict):
        return "valueState" not in value and any(is_mask(one) or holds_mask(one) for one in value.values())
    return isinstance(value, list) and any(is_mask(one) or holds_mask(one) for one in value)


def is_hidden(value: Any) -> bool:
    """Our own download hid something in it."""
    if isinstance(value, dict | list):
        return any(map(is_hidden, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and bool(HIDDEN.match(value))


def lacking(policy_type: PolicyType, part: dict[str, Any], live: dict[str, Any] | None) -> str:
    """Why what would be written cannot be without a secret that the backup does not hold; "" when it can.

    `live`: what is there; None where it is to be made.
    """
    if any(map(is_hidden, part.values())):
        return "The file was downloaded without its secrets. A manager's download has them."
    if any(is_mask(one.get("value")) for one in part.get("omaSettings") or ()):
        return "The backup does not hold its encrypted OMA-URI values: they were not revealed."
    masked = [name for name in part if live is not None and holds_mask(part[name])]
    if masked:
        return f"{masked[0]} holds a value that the backup has masked, and can only be written as a whole."
    broken = settle(policy_type, part, live).broken if "settings" in part else ()
    if broken:
        return f"{broken[0].choice} depends on {broken[0].secret}, a secret that Microsoft Graph never gives back."
    return ""


def is_held(value: Any, secret: Secret) -> bool:
    return value not in (None, "") and not is_mask(value) and not secret.is_placeholder


def secrets_of(value: Mapping[str, Any], declared: str) -> Mapping[str, Secret]:
    """By property. What does not say its type is known by its flags."""
    actual = model.type_of(value, declared)
    if "@odata.type" in value or not any(one.flag in value for one in SECRETS.values() if one.flag):
        return _secrets_of(actual)
    below = model.subtypes(actual)
    return {name: one for (holder, name), one in SECRETS.items() if holder in below and one.flag in value}


@cache
def _secrets_of(type_name: str) -> Mapping[str, Secret]:
    return {name: one for (holder, name), one in SECRETS.items() if holder in model.lineage(type_name)}


def was_set(holder: Mapping[str, Any], name: str, secret: Secret) -> bool:
    """The object needs it."""
    if is_mask(holder.get(name)):
        return True
    if secret.flag and holder.get(secret.flag) is not None:
        return holder[secret.flag] is True
    return all(
        holder.get(other) in values if values else holder.get(other) not in (None, "")
        for other, values in secret.when.items()
    )


# Whatever they look like: Graph masks no name and no id.
_NAMES = frozenset({"id", "displayName", "name", "description", "locale"})
# What a value becomes that is neither held nor there.
_LEFT_OUT = object()
# An instance or a setting is nothing without these.
_NEEDED = frozenset({"simpleSettingValue", "choiceSettingValue", "groupSettingValue", "settingInstance"})


class _Walk:
    """Over what is wanted, with what is there beside it."""

    def __init__(self) -> None:
        self.not_held: list[NotHeld] = []
        self.broken: list[Broken] = []

    def object(self, want: dict[str, Any], live: Any, place: Place, setting: str = "") -> Any:
        """`setting`: the one around it, by its definition."""
        live = live if isinstance(live, dict) else {}
        actual = model.type_of(want, place.declared)
        if _is_catalogue_secret(want, actual):
            return self._catalogue_secret(want, live, setting)
        if ONBOARDING.search(str(want.get("definitionId") or "")) or is_mask(want.get("valueJson")):
            return self._taken_whole(live, str(want.get("definitionId")))
        setting = str(want.get("settingDefinitionId") or setting)
        hidden = self._hidden(want, live, secrets_of(want, place.declared), setting)
        if "value" in hidden and model.is_a(actual, "deviceManagementConfigurationSettingValue"):
            return _LEFT_OUT
        made = {}
        for name, value in want.items():
            if name in hidden:
                continue
            named = setting or (name if _is_of_plain_values(value) else "")
            inner = self._value(value, live.get(name), place_in(actual, name), named)
            if inner is _LEFT_OUT:
                if name in _NEEDED:
                    return _LEFT_OUT
                continue
            if _is_emptied(value, inner) and _is_nothing_without(name, actual):
                return _LEFT_OUT
            made[name] = inner
        if actual.endswith("ChoiceSettingValue"):
            self._look_for_broken(setting, want.get("children"), made.get("children"))
        return made

    def _hidden(
        self, want: dict[str, Any], live: dict[str, Any], known: Mapping[str, Secret], setting: str
    ) -> set[str]:
        """The properties that hold nothing which could be written, each noted; with their flags."""
        hidden = set()
        for name, value in want.items():
            secret = known.get(name)
            if secret and not is_held(value, secret) and was_set(want, name, secret):
                self._note(setting or name, was_set(live, name, secret))
                hidden |= {name, secret.flag}
            elif not secret and is_mask(value) and "omaUri" not in want and name not in _NAMES:
                self._note(setting or name, bool(live.get(name)))
                hidden.add(name)
        # Graph may leave out what it does not tell.
        for name, secret in known.items():
            if name not in want and was_set(want, name, secret):
                self._note(name, was_set(live, name, secret))
                hidden.add(secret.flag)
        return hidden

    def _value(self, want: Any, live: Any, place: Place, setting: str) -> Any:
        if isinstance(want, dict):
            return self.object(want, live, place, setting)
        if isinstance(want, list):
            return self._list(want, live if isinstance(live, list) else [], place, setting)
        return want

    def _list(self, want: list[Any], live: list[Any], place: Place, setting: str) -> list[Any]:
        made = []
        for one, partner in _beside(want, live, place):
            if is_mask(one) and one not in live:
                self._note(setting, False)
                continue
            inner = self._value(one, partner, place, setting or _called(one, place))
            if inner is not _LEFT_OUT:
                made.append(inner)
        return made

    def _catalogue_secret(self, want: dict[str, Any], live: dict[str, Any], setting: str) -> Any:
        """Its token in the tenant goes back; one of another tenant, or of a policy that is gone, means nothing."""
        if want.get("valueState") == "notEncrypted" and is_held(want.get("value"), _ANY):
            return want
        is_there = bool(live) and _is_catalogue_secret(live, str(live.get("@odata.type")).removeprefix(model.PREFIX))
        if setting in FROM_CONNECTOR and not is_there:
            return {**want, "value": FROM_CONNECTOR[setting], "valueState": "notEncrypted"}
        if setting not in FROM_CONNECTOR:
            self._note(setting, is_there)
        return {**want, "value": live.get("value"), "valueState": live.get("valueState")} if is_there else _LEFT_OUT

    def _taken_whole(self, live: dict[str, Any], name: str) -> Any:
        self._note(name, bool(live))
        return live or _LEFT_OUT

    def _look_for_broken(self, choice: str, wanted: Any, made: Any) -> None:
        there = _settings_in(made)
        self.broken += [Broken(choice, one) for one in _settings_in(wanted) if one not in there]

    def _note(self, where: str, stays: bool) -> None:
        self.not_held.append(NotHeld(where, stays))


_ANY = Secret()


def _is_catalogue_secret(value: dict[str, Any], actual: str) -> bool:
    is_one = model.is_a(actual, "deviceManagementConfigurationSecretSettingValue")
    return is_one or value.get("valueState") == "encryptedValueToken"


def _called(element: Any, place: Place) -> str:
    """By what identifies it in its list."""
    found = [element.get(key) for key in place.keys or ()] if isinstance(element, dict) else []
    return next((one for one in found if isinstance(one, str)), "")


def _is_of_plain_values(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(one, dict | list) for one in value)


def _settings_in(children: Any) -> list[str]:
    """Their definitions."""
    found = children if isinstance(children, list) else []
    return [str(one.get("settingDefinitionId")) for one in found if isinstance(one, dict)]


def _is_emptied(before: Any, after: Any) -> bool:
    return isinstance(before, list) and bool(before) and after == []


def _is_nothing_without(name: str, holder: str) -> bool:
    """A collection without values is no setting, a group without children no value."""
    return name.endswith("SettingCollectionValue") or (name == "children" and holder.endswith("GroupSettingValue"))


def _beside(want: list[Any], live: list[Any], place: Place) -> Iterator[tuple[Any, Any]]:
    """Each with its like in the tenant: by what identifies it; else what is equal but for secrets, then by place."""
    if place.keys:
        named = {key_of(one, place): one for one in reversed(live)}
        yield from ((one, named.get(key_of(one, place))) for one in want)
        return
    left = [(_text(one, place), one) for one in live]
    partners: dict[int, Any] = {}
    for position, one in enumerate(want):
        text = _text(one, place)
        at = next((at for at, (other, _) in enumerate(left) if other == text), None)
        if at is not None:
            partners[position] = left.pop(at)[1]
    rest = iter(one for _, one in left)
    yield from ((one, partners[at] if at in partners else next(rest, None)) for at, one in enumerate(want))


def _text(value: Any, place: Place) -> str:
    return canonical(clean(value, place))
