"""Dangers in settings that protect devices: one is turned off, or compliance asks for less than before."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from graph.content.normalise import canonical_json, is_unset
from graph.content.places import root_type
from graph.display.labels import readable_name
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType
from graph.review.danger import Danger, Finding, object_at, objects_at

COMPLIANCE = ("compliancePolicies", "deviceCompliancePolicies")
# Settings of the catalog and of templates, by patterns of their ids, and the values that turn each off.
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
        ("attacksurfacereductionrules_|controlledfolderaccess|configurelsaprotectedprocess", "(_off|_audit|_0|^0)$"),
        ("tamperprotection", "(_1|^1|_disabled?|^disabled?)$"),
        ("disable(realtimemonitoring|antispyware|antivirus|behaviormonitoring)", "(_1|^1|^true|_true|_enabled?)$"),
    )
)
# Properties of the older policies that protect as long as they are true.
_PROTECTS = re.compile(
    r"^(defender(Require|Monitor)|bitLocker.*(Enable|Require)|firewall.*Enabled|.*(Required|Blocked|Block)$)"
)
_NAMES_SHOWN = 3
# Settings that hold exclusions from the virus scanner, or from a rule of it.
_LEFT_ALONE = re.compile(
    r"defender.*exclu(ded|sion)|attacksurfacereductiononlyexclusions|^defender.*(ToExclude|Excluded\w*)$"
    r"|exclusions?_item",
    re.IGNORECASE,
)
# Catalog settings that hold code that a device runs, such as a script for Linux.
_RUN = re.compile(r"config_script$|discoveryscript|scriptcontent$", re.IGNORECASE)


def find_exclusions(objects: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Finding]:
    """Find exclusions from the virus scanner, in settings and in properties."""
    for _, value in objects:
        setting = _setting_id(value)
        exclusions = {setting: _setting_value(value)} if _is_of_exclusions(setting) else {}
        exclusions |= {name: str(inner) for name, inner in value.items() if inner and _is_of_exclusions(name)}
        for name, text in exclusions.items():
            if text:
                yield Finding("protection", [name, text], "It says what the virus scanner leaves alone.")


@lru_cache(model.MOST_PAIRS)
def _is_of_exclusions(name: str) -> bool:
    return bool(_LEFT_ALONE.search(name))


@lru_cache(model.MOST_PAIRS)
def _values_when_off(setting: str) -> Sequence[re.Pattern[str]]:
    """Return what a value matches that turns the protection by this setting off; () for one that protects nothing."""
    return [value for which, value in _OFF if which.search(setting)]


def find_code_settings(objects: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Finding]:
    """Find code in settings of the catalog. The account is another setting, so the worse one is assumed."""
    for _, value in objects:
        if _RUN.search(_setting_id(value)) and _setting_value(value):
            yield Finding(
                "system", [_setting_id(value), _setting_value(value)], "It runs code of its own, as root or SYSTEM."
            )


def _setting_id(value: dict[str, Any]) -> str:
    return str(value.get("settingDefinitionId") or value.get("definitionId") or value.get("omaUri") or "")


def find_disabled_protection(objects: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[Finding]:
    """Find protection that a content turns off, whatever the live policy has."""
    for _, value in objects:
        setting = _setting_id(value)
        values_when_off = _values_when_off(setting) if setting else ()
        text = _setting_value(value) if values_when_off else ""
        if any(off.search(text) for off in values_when_off):
            name = readable_name(setting.rpartition("/")[2] if "/" in setting else setting)
            yield Finding("protection", [setting, text], f"It turns off: {name}.")


def _setting_value(setting: dict[str, Any]) -> str:
    for name in ("choiceSettingValue", "simpleSettingValue"):
        if isinstance(setting.get(name), dict):
            return str(setting[name].get("value"))
    several = [str(value.get("value")) for value in objects_at(setting, "simpleSettingCollectionValue")]
    if several:
        return ", ".join(several)
    plain = setting.get("valueJson", setting.get("value", ""))
    return str(plain).lower() if isinstance(plain, bool) else str(plain)


def find_weaker_settings(policy_type: PolicyType, now: dict[str, Any], then: dict[str, Any] | None) -> Iterator[Danger]:
    """Find settings that ask for something now, and would not any more."""
    if policy_type.key in COMPLIANCE:
        yield from _find_weaker_compliance(now, then)
    elif then is not None:
        lost = [name for name in _true_properties(policy_type, now) if _PROTECTS.match(name) and not then.get(name)]
        if lost:
            yield _no_longer_asked("protection", lost)


def _find_weaker_compliance(now: dict[str, Any], then: dict[str, Any] | None) -> Iterator[Danger]:
    if then is None:
        yield Danger("compliance", "Devices would not be held to it any more.", "Devices are not held to it any more.")
        return
    lost = [name for name, value in now.items() if _is_requirement(name, value) and is_unset(then.get(name))]
    was, is_to_be = _settings_by_id(now), _settings_by_id(then)
    gone = sorted(was.keys() - is_to_be.keys())
    other = [name for name, value in now.items() if name not in lost and _is_requirement(name, value)
             and _may_be_weaker(name, value, then.get(name))]  # fmt: skip
    other += sorted(name for name in was.keys() & is_to_be.keys() if was[name] != is_to_be[name])
    if lost or gone:
        yield _no_longer_asked("compliance", [*lost, *gone])
    elif other:
        names = _setting_names(other)
        after = f"It asks for this otherwise, maybe for less: {names}."
        yield Danger("compliance", f"It would ask for this otherwise, maybe for less: {names}.", after)
    elif _grace_hours(now) < _grace_hours(then):
        yield Danger(
            "compliance",
            "Devices would have longer until they count as not compliant.",
            "Devices have longer until they count as not compliant.",
        )


def _no_longer_asked(code: str, settings: list[str]) -> Danger:
    names = _setting_names(settings)
    after = f"It does not ask for this any more: {names}."
    return Danger(code, f"It would not ask for this any more: {names}.", after)


def _may_be_weaker(name: str, value: Any, wanted: Any) -> bool:
    """Return whether the wanted value may be weaker: it differs, and is not a higher minimum."""
    is_number = isinstance(value, int) and isinstance(wanted, int)
    is_more = is_number and "minimum" in name.lower() and wanted > value
    return name != "settings" and canonical_json(value) != canonical_json(wanted) and not is_more


_BESIDE = ("displayName", "name", "description", "version", "roleScopeTagIds", "scheduledActionsForRule", "id")


def _is_requirement(name: str, value: Any) -> bool:
    return name not in _BESIDE and "@" not in name and "DateTime" not in name and not is_unset(value)


def _settings_by_id(body: dict[str, Any]) -> dict[str, str]:
    """Return {setting id: its whole value as text}."""
    instances = [object_at(setting, "settingInstance") for setting in objects_at(body, "settings")]
    return {
        str(instance["settingDefinitionId"]): canonical_json(instance)
        for instance in instances
        if instance.get("settingDefinitionId")
    }


def _grace_hours(body: dict[str, Any]) -> float:
    """Return the hours until a device counts as not compliant; infinity where no action says so."""
    rules = objects_at(body, "scheduledActionsForRule")
    actions = [action for rule in rules for action in objects_at(rule, "scheduledActionConfigurations")]
    hours = [action.get("gracePeriodHours") for action in actions if action.get("actionType") == "block"]
    return min((grace if isinstance(grace, int) else 0 for grace in hours), default=float("inf"))


def _true_properties(policy_type: PolicyType, body: dict[str, Any]) -> list[str]:
    known = model.properties(model.type_of(body, root_type(policy_type)))
    return [name for name, value in body.items() if value is True and name in known]


def _setting_names(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return ", ".join(readable_name(name) for name in names[:_NAMES_SHOWN]) + more
