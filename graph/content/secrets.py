"""Secrets that Microsoft Graph never gives back: where they are, and what is written in their place.

The table of graph/content/secret_table.py says which properties are secrets. Whatever Graph answers in place of one (a
token, a mask, null, nothing), a backup does not hold it. One walk over the wanted body and the live one leaves each
such secret out, or takes the live one, and reports which.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from graph.content.normalise import canonical_json, element_key, normalise_value
from graph.content.odata import HOLDERS
from graph.content.places import Place, body_place, property_place, root_type
from graph.content.secret_signs import may_lack_secrets
from graph.content.secret_table import SECRETS, Secret
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType

# Masks that stand where a secret was: stars, hash marks or bullets, with the last few characters perhaps
# (Microsoft365DSC/Microsoft365DSC#3244: "#####-#####-#####-#####-#2345").
_MASK = re.compile(r"\w{0,4}[*#•●]{4,}(?:[-\s]?[*#•●]+)*-?\w{0,5}|(?:[Xx]{5}-){4}\w{5}")
# The mask that our own downloads put there.
HIDDEN = re.compile(r"•{6} ")


# Secrets of the settings catalog that hold nothing of the tenant: these words in their place make the service take its
# own. KelvinTegelaar/CIPP-API (Set-CIPPDefenderEDRPolicy) and the endpoint detection and response example of
# terraprovider/terraform-provider-microsoft365wp write these words.
FROM_CONNECTOR: Mapping[str, str] = {
    "device_vendor_msft_windowsadvancedthreatprotection_onboarding_fromconnector": "Microsoft ATP connector enabled",
}

# An intent's onboarding file is its tenant's: Graph answers 400 when one of another tenant comes along.
ONBOARDING = re.compile(r"advancedThreatProtection(Onboarding|Offboarding)(Blob|Filename)$", re.IGNORECASE)


@dataclass(frozen=True)
class MissingSecret:
    """A secret that a backup does not hold. `stays`: the tenant has one, which stays as it is."""

    where: str
    stays: bool


@dataclass(frozen=True)
class BrokenChoice:
    """A choice of the settings catalog that depends on a secret which neither the backup nor the tenant has."""

    choice: str
    secret: str


@dataclass(frozen=True)
class SettledBody:
    """A `body` as it can be written. `not_held` lists the secrets that were left out or taken from the tenant."""

    body: dict[str, Any]
    not_held: tuple[MissingSecret, ...] = ()
    broken: tuple[BrokenChoice, ...] = ()


def settle_secrets(policy_type: PolicyType, want: dict[str, Any], live: dict[str, Any] | None = None) -> SettledBody:
    """Return the wanted body as it can be written over `live`, the one in the tenant now; None if there is none."""
    if not may_lack_secrets(policy_type, want):
        return SettledBody(dict(want))
    walk = _Walk()
    body = walk.object(want, live or {}, body_place(policy_type))
    if body is _LEFT_OUT:  # a reusable setting is one setting
        body = {name: value for name, value in want.items() if name != "settingInstance"}
    return SettledBody(body, tuple(dict.fromkeys(walk.not_held)), tuple(walk.broken))


def comparable_body(policy_type: PolicyType, want: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """Return what of the wanted body can be compared with the live one: Graph hides secrets that we do hold."""
    body = settle_secrets(policy_type, want, live).body
    lost = {name for name, secret in secrets_of(body, root_type(policy_type)).items()
            if not is_held(live.get(name), secret)}  # fmt: skip
    return {name: value for name, value in body.items() if name not in lost}


def is_mask(value: Any) -> bool:
    """Tell whether a value is a mask, or a mask as JSON: the values of intents are."""
    return isinstance(value, str) and bool(_MASK.fullmatch(value.strip('"')) or HIDDEN.match(value))


def holds_mask(value: Any) -> bool:
    """Tell whether a mask stands deeper inside, where leaving it out would remove the live value."""
    if isinstance(value, dict):
        return "valueState" not in value and any(is_mask(inner) or holds_mask(inner) for inner in value.values())
    return isinstance(value, list) and any(is_mask(inner) or holds_mask(inner) for inner in value)


def holds_hidden(value: Any) -> bool:
    """Tell whether our own download hid something in the value."""
    if isinstance(value, HOLDERS):
        return any(map(holds_hidden, value.values() if isinstance(value, dict) else value))
    return isinstance(value, str) and bool(HIDDEN.match(value))


def missing_secret(policy_type: PolicyType, part: dict[str, Any], live: dict[str, Any] | None) -> str:
    """Return why a body cannot be written without a secret that the backup lacks; "" when it can.

    `live` is the body in the tenant; None where the policy is to be created.
    """
    if any(map(holds_hidden, part.values())):
        return "The file was downloaded without its secrets. A manager's download has them."
    if any(is_mask(setting.get("value")) for setting in part.get("omaSettings") or ()):
        return "The backup does not hold its encrypted OMA-URI values: they were not revealed."
    masked = [name for name in part if live is not None and holds_mask(part[name])]
    if masked:
        return f"{masked[0]} holds a value that the backup has masked, and can only be written as a whole."
    broken = settle_secrets(policy_type, part, live).broken if "settings" in part else ()
    if broken:
        return f"{broken[0].choice} depends on {broken[0].secret}, a secret that Microsoft Graph never gives back."
    return ""


def is_held(value: Any, secret: Secret) -> bool:
    return value not in (None, "") and not is_mask(value) and not secret.is_placeholder


def secrets_of(value: Mapping[str, Any], declared: str) -> Mapping[str, Secret]:
    """Return the secrets of a value, by property. A value without @odata.type is recognised by its flags."""
    actual = model.type_of(value, declared)
    if "@odata.type" in value or _FLAGS.isdisjoint(value):
        return _secrets_of(actual)
    below = model.subtypes(actual)
    return {name: secret for (holder, name), secret in SECRETS.items() if holder in below and secret.flag in value}


_FLAGS = frozenset(secret.flag for secret in SECRETS.values() if secret.flag)


@cache
def _secrets_of(type_name: str) -> Mapping[str, Secret]:
    return {name: secret for (holder, name), secret in SECRETS.items() if holder in model.lineage(type_name)}


def was_set(holder: Mapping[str, Any], name: str, secret: Secret) -> bool:
    """Tell whether the object had this secret."""
    if is_mask(holder.get(name)):
        return True
    if secret.flag and holder.get(secret.flag) is not None:
        return holder[secret.flag] is True
    return all(
        holder.get(other) in values if values else holder.get(other) not in (None, "")
        for other, values in secret.when.items()
    )


# Never masks, whatever they look like: Graph masks no name and no id.
_NAMES = frozenset({"id", "displayName", "name", "description", "locale"})
# Stands for a value that neither the backup nor the tenant has.
_LEFT_OUT = object()
# Without one of these, an instance or a setting is left out whole.
_NEEDED = frozenset({"simpleSettingValue", "choiceSettingValue", "groupSettingValue", "settingInstance"})


class _Walk:
    """Walks over the wanted body and the live one side by side."""

    def __init__(self) -> None:
        self.not_held: list[MissingSecret] = []
        self.broken: list[BrokenChoice] = []

    def object(self, want: dict[str, Any], live: Any, place: Place, setting: str = "") -> Any:
        """Return the object as it can be written, or _LEFT_OUT.

        `setting`: the definition id of the setting around it.
        """
        live = live if isinstance(live, dict) else {}
        actual = model.type_of(want, place.declared)
        if _is_catalog_secret(want, actual):
            return self._catalog_secret(want, live, setting)
        if _is_onboarding(want) or is_mask(want.get("valueJson")):
            return self._take_live(live, str(want.get("definitionId")))
        setting = str(want.get("settingDefinitionId") or setting)
        hidden = self._hidden(want, live, secrets_of(want, place.declared), setting)
        if "value" in hidden and model.is_a(actual, "deviceManagementConfigurationSettingValue"):
            return _LEFT_OUT
        settled = {}
        for name, value in want.items():
            if name in hidden:
                continue
            inner = self._property(name, value, live, actual, setting)
            if inner is _LEFT_OUT:
                if name in _NEEDED:
                    return _LEFT_OUT
                continue
            if _is_emptied(value, inner) and _is_nothing_without(name, actual):
                return _LEFT_OUT
            settled[name] = inner
        if actual.endswith("ChoiceSettingValue"):
            self._note_broken(setting, want.get("children"), settled.get("children"))
        return settled

    def _hidden(
        self, want: dict[str, Any], live: dict[str, Any], known: Mapping[str, Secret], setting: str
    ) -> set[str]:
        """Note the secrets that cannot be written, and return the names of their properties and flags."""
        hidden = set()
        for name, value in want.items():
            secret = known.get(name)
            if secret and not is_held(value, secret) and was_set(want, name, secret):
                self._note(setting or name, was_set(live, name, secret))
                hidden |= {name, secret.flag}
            elif not secret and is_mask(value) and "omaUri" not in want and name not in _NAMES:
                self._note(setting or name, bool(live.get(name)))
                hidden.add(name)
        # Graph may leave a secret out altogether.
        for name, secret in known.items():
            if name not in want and was_set(want, name, secret):
                self._note(name, was_set(live, name, secret))
                hidden.add(secret.flag)
        return hidden

    def _property(self, name: str, want: Any, live: dict[str, Any], holder: str, setting: str) -> Any:
        if not isinstance(want, HOLDERS):
            return want
        named = setting or (name if _is_of_plain_values(want) else "")
        return self._value(want, live.get(name), property_place(holder, name), named)

    def _value(self, want: Any, live: Any, place: Place, setting: str) -> Any:
        if isinstance(want, dict):
            return self.object(want, live, place, setting)
        if isinstance(want, list):
            return self._list(want, live if isinstance(live, list) else [], place, setting)
        return want

    def _list(self, want: list[Any], live: list[Any], place: Place, setting: str) -> list[Any]:
        settled = []
        for element, partner in _pair_with_live(want, live, place):
            if is_mask(element) and element not in live:
                self._note(setting, False)
                continue
            inner = self._value(element, partner, place, setting or _element_name(element, place))
            if inner is not _LEFT_OUT:
                settled.append(inner)
        return settled

    def _catalog_secret(self, want: dict[str, Any], live: dict[str, Any], setting: str) -> Any:
        """Send back the token that the tenant has; one of another tenant, or of a deleted policy, means nothing."""
        if want.get("valueState") == "notEncrypted" and is_held(want.get("value"), _ANY):
            return want
        is_there = bool(live) and _is_catalog_secret(live, model.bare_type(live.get("@odata.type")))
        if setting in FROM_CONNECTOR and not is_there:
            return {**want, "value": FROM_CONNECTOR[setting], "valueState": "notEncrypted"}
        if setting not in FROM_CONNECTOR:
            self._note(setting, is_there)
        return {**want, "value": live.get("value"), "valueState": live.get("valueState")} if is_there else _LEFT_OUT

    def _take_live(self, live: dict[str, Any], name: str) -> Any:
        self._note(name, bool(live))
        return live or _LEFT_OUT

    def _note_broken(self, choice: str, children: Any, settled: Any) -> None:
        remaining = _settings_in(settled)
        self.broken += [BrokenChoice(choice, secret) for secret in _settings_in(children) if secret not in remaining]

    def _note(self, where: str, stays: bool) -> None:
        self.not_held.append(MissingSecret(where, stays))


_ANY = Secret()


def _is_onboarding(setting: dict[str, Any]) -> bool:
    definition = setting.get("definitionId")
    return bool(definition and ONBOARDING.search(str(definition)))


def _is_catalog_secret(value: dict[str, Any], actual: str) -> bool:
    is_one = model.is_a(actual, "deviceManagementConfigurationSecretSettingValue")
    return is_one or value.get("valueState") == "encryptedValueToken"


def _element_name(element: Any, place: Place) -> str:
    """Return the text that identifies an element in its list; "" if none does."""
    names = [element.get(key) for key in place.keys or ()] if isinstance(element, dict) else []
    return next((name for name in names if isinstance(name, str)), "")


def _is_of_plain_values(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(inner, HOLDERS) for inner in value)


def _settings_in(children: Any) -> list[str]:
    """Return the definition ids of the settings among `children`."""
    settings = children if isinstance(children, list) else []
    return [str(child.get("settingDefinitionId")) for child in settings if isinstance(child, dict)]


def _is_emptied(before: Any, after: Any) -> bool:
    return isinstance(before, list) and bool(before) and after == []


def _is_nothing_without(name: str, holder: str) -> bool:
    """Tell whether the holder loses its meaning: a collection without values, a group without children."""
    return name.endswith("SettingCollectionValue") or (name == "children" and holder.endswith("GroupSettingValue"))


def _pair_with_live(want: list[Any], live: list[Any], place: Place) -> Iterator[tuple[Any, Any]]:
    """Yield each wanted element with its live partner: the same key; else equal but for secrets; else the next one."""
    if not live:
        yield from ((element, None) for element in want)
        return
    if place.keys:
        named = {element_key(element, place): element for element in reversed(live)}
        yield from ((element, named.get(element_key(element, place))) for element in want)
        return
    left = [(_comparison_key(element, place), element) for element in live]
    partners: dict[int, Any] = {}
    for position, element in enumerate(want):
        text = _comparison_key(element, place)
        at = next((at for at, (other, _) in enumerate(left) if other == text), None)
        if at is not None:
            partners[position] = left.pop(at)[1]
    rest = iter(element for _, element in left)
    yield from ((element, partners[at] if at in partners else next(rest, None)) for at, element in enumerate(want))


def _comparison_key(value: Any, place: Place) -> str:
    return canonical_json(normalise_value(value, place))
