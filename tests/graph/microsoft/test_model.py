"""The extract of Microsoft's model: whole, read rightly, and the same as another reading of it."""

import gzip
import json
from pathlib import Path

import pytest

from graph.content.places import root_type
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES

# The same package, read once more by others; beside the checkout where it is at all.
ANOTHER_READING = Path(__file__).parents[4] / "shared" / "schema" / "schema.json.gz"
_KINDS = {
    "get_str_value": "string", "get_bool_value": "boolean", "get_int_value": "integer", "get_float_value": "number",
    "get_datetime_value": "dateTime", "get_date_value": "date", "get_time_value": "time",
    "get_timedelta_value": "duration", "get_bytes_value": "binary", "get_uuid_value": "guid",
    "get_enum_value": "enum", "get_object_value": "object",
}  # fmt: skip


def test_every_policy_type_is_a_type_of_the_model():
    kinds = {key: root_type(row) for key, row in POLICY_TYPES.items()}
    assert {key: bare for key, bare in kinds.items() if not model.properties(bare)} == {}
    assert kinds["deviceConfigurations"] == "deviceConfiguration"


def test_whatever_a_property_names_is_in_the_extract():
    missing = [
        (bare, name, member.type)
        for bare in model.type_names()
        for name, member in model.properties(bare).items()
        if (member.kind in ("enum", "flags") and not model.enum(member.type))
        or (member.kind == "object" and not model.is_known(member.type))
    ]
    assert missing == []


def test_a_property_is_what_microsoft_says_it_is():
    wifi, access = (
        model.properties("windowsWifiConfiguration"),
        model.properties("conditionalAccessGuestsOrExternalUsers"),
    )
    assert wifi["preSharedKey"] == model.Property("preSharedKey", "string")
    assert wifi["id"].is_read_only
    assert access["guestOrExternalUserTypes"].kind == "flags"
    storage = model.properties("iosManagedAppProtection")["allowedDataStorageLocations"]
    assert (storage.kind, storage.is_many) == ("enum", True)
    assert model.properties("androidScepCertificateProfile")["rootCertificate"].is_navigation
    assert model.routes()["/deviceManagement/configurationPolicies/{}/assign"].methods["POST"]["assignments"].is_many


def test_walking_a_body_finds_what_is_inside_its_concrete_types():
    body = {
        "@odata.type": "#microsoft.graph.windowsKioskConfiguration",
        "kioskProfiles": [
            {
                "userAccountsConfiguration": [
                    {"@odata.type": "#microsoft.graph.windowsKioskAzureADGroup", "groupId": "g"}
                ]
            }
        ],
        "noSuchThing": 1,
    }
    found = {place.path: place for place in model.walk("deviceConfiguration", body)}
    group = found["kioskProfiles", 0, "userAccountsConfiguration", 0, "groupId"]
    assert (group.of, group.property.kind, group.value) == ("windowsKioskAzureADGroup", "string", "g")
    assert found["noSuchThing",].property is None


def test_another_reading_of_the_package_says_the_same():
    if not ANOTHER_READING.exists():
        pytest.skip("no other reading of Microsoft's package beside this checkout (../shared/schema)")
    theirs = json.loads(gzip.decompress(ANOTHER_READING.read_bytes()))
    classes = {bare: theirs["odata"].get(f"#microsoft.graph.{bare}", bare[:1].upper() + bare[1:])
               for bare in model.type_names()}  # fmt: skip
    shared = {bare: name for bare, name in classes.items() if name in theirs["types"]}
    assert len(shared) > 700
    differing = [
        (bare, name)
        for bare, cls in shared.items()
        for name, member in _own(theirs["types"], cls).items()
        if name in model.properties(bare) and not _same(model.properties(bare)[name], member)
    ]
    assert differing == []


def _own(types, cls):
    return {name: member for name, member in types[cls]["properties"].items() if name != "@odata.type"}


def _same(ours, theirs):
    how = theirs["get"]
    if how.startswith("get_collection"):
        is_same_kind = ours.is_many or ours.kind == "flags"
    else:
        is_same_kind = not ours.is_many and ours.kind in (_KINDS[how], "any")
    return is_same_kind and (ours.is_read_only == theirs["read_only"] or ours.name == "id")
