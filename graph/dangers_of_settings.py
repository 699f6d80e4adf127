"""Settings that protect devices: where one is turned off, and where compliance asks for less than it did."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from graph.danger import Danger, Finding, inside, objects
from graph.microsoft import model
from graph.normalise import is_nothing
from graph.places import root_type
from graph.policy_type import PolicyType
from graph.wording import words

COMPLIANCE = ("compliancePolicies", "deviceCompliancePolicies")
# Settings of the catalog and of templates, by what their ids hold, and the values that turn each off.
_OFF = tuple(
    (re.compile(which, re.IGNORECASE), re.compile(value, re.IGNORECASE))
    for which, value in (
        ("enablefirewall|firewall.*enable", "(_false|_0|^false|^0|^blocked)$"),
        (
            "allow(realtimemonitoring|behaviormonitoring|cloudprotection|ioavprotection|scriptscanning"
            "|intrusionpreventionsystem)|enablenetworkprotection|requiredeviceencryption|enablesmartscreen"
            "|systemdrivesrequirestartupauthentication|enableappcontrol|puaprotection",
            "(_0|^0|_disabled?|^false)$",
        ),
        ("disable(realtimemonitoring|antispyware|antivirus|behaviormonitoring)", "(_1|^1|^true|_true|_enabled?)$"),
    )
)
# Properties of the older policies that protect as long as they are true.
_PROTECTS = re.compile(
    r"^(defender(Require|Monitor)|bitLocker.*(Enable|Require)|firewall.*Enabled|.*(Required|Blocked|Block)$)"
)
_LONGEST = 3


def turned_off(objects: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Finding]:
    """Protection that a content turns off, whatever was there."""
    for _, value in objects:
        setting = str(value.get("settingDefinitionId") or value.get("definitionId") or value.get("omaUri") or "")
        said = _value_of(value)
        if setting and any(which.search(setting) and off.search(said) for which, off in _OFF):
            name = words(setting.rpartition("/")[2] if "/" in setting else setting)
            yield Finding("protection", [setting, said], f"It turns off: {name}.")


def _value_of(setting: dict[str, Any]) -> str:
    for name in ("choiceSettingValue", "simpleSettingValue"):
        if isinstance(setting.get(name), dict):
            return str(setting[name].get("value"))
    found = setting.get("valueJson", setting.get("value", ""))
    return str(found).lower() if isinstance(found, bool) else str(found)


def weaker_settings(policy_type: PolicyType, now: dict[str, Any], then: dict[str, Any] | None) -> Iterator[Danger]:
    """What asked for something, and would not any more."""
    if policy_type.key in COMPLIANCE:
        yield from _weaker_compliance(now, then)
    elif then is not None:
        lost = [name for name in _true_ones(policy_type, now) if _PROTECTS.match(name) and not then.get(name)]
        if lost:
            yield Danger("protection", f"It would not ask for this any more: {_some(lost)}.")


def _weaker_compliance(now: dict[str, Any], then: dict[str, Any] | None) -> Iterator[Danger]:
    if then is None:
        yield Danger("compliance", "Devices would not be held to it any more.")
        return
    lost = [name for name, value in now.items() if _asks(name, value) and is_nothing(then.get(name))]
    gone = sorted(_settings(now) - _settings(then))
    if lost or gone:
        yield Danger("compliance", f"It would not ask for this any more: {_some([*lost, *gone])}.")
    elif _grace(now) < _grace(then):
        yield Danger("compliance", "Devices would have longer until they count as not compliant.")


_BESIDE = ("displayName", "name", "description", "version", "roleScopeTagIds", "scheduledActionsForRule", "id")


def _asks(name: str, value: Any) -> bool:
    return name not in _BESIDE and "@" not in name and "DateTime" not in name and not is_nothing(value)


def _settings(body: dict[str, Any]) -> set[str]:
    found = [inside(one, "settingInstance").get("settingDefinitionId") for one in objects(body, "settings")]
    return {str(one) for one in found if one}


def _grace(body: dict[str, Any]) -> float:
    """Hours until a device counts as not compliant; for ever where no action says so."""
    rules = objects(body, "scheduledActionsForRule")
    actions = [one for rule in rules for one in objects(rule, "scheduledActionConfigurations")]
    hours = [one.get("gracePeriodHours") for one in actions if one.get("actionType") == "block"]
    return min((one if isinstance(one, int) else 0 for one in hours), default=float("inf"))


def _true_ones(policy_type: PolicyType, body: dict[str, Any]) -> list[str]:
    known = model.properties(model.type_of(body, root_type(policy_type)))
    return [name for name, value in body.items() if value is True and name in known]


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _LONGEST} more" if len(names) > _LONGEST else ""
    return ", ".join(words(name) for name in names[:_LONGEST]) + more
