"""What is the same though it is spelled otherwise, and what is not: over Microsoft's whole model of what we back up."""

import copy
import random

import pytest

from graph.content.fingerprint import fingerprint
from graph.content.places import body_place, root_type
from graph.content.service_made import is_service_made
from graph.content.unordered_lists import _ORDERED, _ORDERED_OBJECTS, _SETS
from graph.display.diff import compare
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.write.write_requests import change_requests, remaining_differences
from tests.graph import made_up

# Lists of objects whose order counts, or of which nobody knows that it does not.
ORDERED = {
    # The first that matches is taken.
    "vpnOnDemandRule", "windowsFirewallRule", "vpnTrafficRule", "vpnDnsRule", "iosNetworkUsageRule",
    # "A list ordered by priority".
    "cloudPcDomainJoinConfiguration",
    # In the order in which they are tried, or given to a script.
    "vpnServer", "windowsZtdnsSecureDnsServer", "windowsZtdnsExemptionRule", "deviceHealthScriptParameter",
    # As people see them on a screen.
    "iosHomeScreenItem", "iosHomeScreenPage", "iosHomeScreenFolderPage", "iosHomeScreenApp", "iosBookmark",
    "androidDeviceOwnerKioskModeManagedFolder", "androidDeviceOwnerKioskModeFolderItem", "windowsKioskAppBase",
    # Values of a settings catalog collection: a catalogue entry does not say whether their order counts.
    "deviceManagementConfigurationSimpleSettingValue", "deviceManagementConfigurationGroupSettingValue",
    # Nobody knows.
    "windowsKioskProfile", "windowsKioskUser", "macOSLaunchItem", "macOSIncludedApp", "macOSLobChildApp",
    "windowsPackageInformation", "macOSAppleEventReceiver",
}  # fmt: skip


def every_type():
    """(policy type, a type that its bodies may be of)."""
    return [(row, kind) for row in POLICY_TYPES.values() for kind in sorted(model.subtypes(root_type(row)))]


def content(body):
    return {"body": body, "assignments": []}


@pytest.mark.parametrize("policy_type", POLICY_TYPES.values(), ids=lambda one: one.key)
def test_a_body_spelled_otherwise_is_the_same_policy(policy_type):
    chance = random.Random(policy_type.key)
    for kind in sorted(model.subtypes(root_type(policy_type))):
        body = made_up.body_of(kind, chance)
        other = content(made_up.respelled(body, body_place(policy_type), chance) | {"@odata.type": body["@odata.type"]})
        assert compare(policy_type, content(body), other) == [], kind
        assert fingerprint(policy_type, content(body)) == fingerprint(policy_type, other), kind
        assert remaining_differences(policy_type, content(body), other, with_assignments=True) == [], kind
        assert change_requests(policy_type, "1", content(body), other, with_assignments=True) == [], kind


@pytest.mark.parametrize("policy_type", POLICY_TYPES.values(), ids=lambda one: one.key)
def test_whatever_a_person_can_change_is_seen(policy_type):
    chance = random.Random(policy_type.key)
    for kind in sorted(model.subtypes(root_type(policy_type))):
        body = made_up.body_of(kind, chance)
        body |= {"appGroupType": "selectedPublicApps"} if "appGroupType" in body else {}
        mark = fingerprint(policy_type, content(body))
        for found in content_of(policy_type, kind, body):
            found.holder[found.key] = made_up.otherwise(found.value)
            assert fingerprint(policy_type, content(body)) != mark, (kind, found.path)
            found.holder[found.key] = found.value


# What is told once more elsewhere, or means the same: graph/content/normalise.py has its reasons.
SAME_ANYWAY = {"ruleName", "notificationTemplateId", "priorityMetaData"}


def content_of(policy_type, kind, body):
    """Every value that a person may have given."""
    made = set()
    for found in list(model.walk(kind, body)):
        is_outermost = len(found.path) == 1 and found.key in policy_type.volatile
        if is_outermost or is_service_made(found.of, found.key) or found.key in SAME_ANYWAY:
            made.add(found.path)
        is_inside = any(found.path[:length] in made for length in range(1, len(found.path) + 1))
        if not is_inside and not isinstance(found.value, dict) and found.value not in (None, []):
            yield found


IDENTITIES = {name for keys in _SETS.values() for name in keys}


def test_what_a_tenant_shows_and_a_backup_does_not_know_is_no_difference():
    chance = random.Random(3)
    for policy_type, kind in every_type():
        live = made_up.body_of(kind, chance)
        want = copy.deepcopy(live)
        found = [(place.holder, place.key) for place in model.walk(kind, want) if place.key not in IDENTITIES]
        for holder, name in chance.sample(found, min(8, len(found))):
            holder.pop(name, None)
        assert remaining_differences(policy_type, content(live), content(want), with_assignments=True) == [], kind
        assert change_requests(policy_type, "1", content(live), content(want), with_assignments=True) == [], kind


def test_every_list_of_objects_is_a_set_or_named_as_none():
    named, unknown = _SETS.keys() | ORDERED, {}
    for policy_type, kind in every_type():
        for holder, found in lists_in(kind, policy_type.volatile):
            if named.isdisjoint(model.lineage(found.type)):
                unknown[found.type] = f"{holder}.{found.name}"
    assert not unknown


def lists_in(kind, volatile, seen=None):
    """(holder, property) of every list of objects inside."""
    seen = set() if seen is None else seen
    if kind not in seen:
        seen.add(kind)
        for found in model.properties(kind).values():
            is_made = found.name in volatile or is_service_made(kind, found.name)
            if found.kind == "object" and not (found.is_navigation or is_made):
                if found.is_many:
                    yield kind, found
                for subtype in model.subtypes(found.type):
                    yield from lists_in(subtype, (), seen)


def test_the_tables_name_what_the_model_has():
    for kind, name in [*_ORDERED, *_ORDERED_OBJECTS]:
        assert name in model.properties(kind), (kind, name)
    for kind, keys in _SETS.items():
        known = {name for subtype in model.subtypes(kind) for name in model.properties(subtype)}
        assert known.issuperset(keys), kind
