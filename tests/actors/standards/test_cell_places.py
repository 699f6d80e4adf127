"""The places of a cell: which count, which are allowed, which nobody could read; without any value."""

import pytest

from actors.standards.cell_places import MOST_PLACES, DifferingPlaces
from graph.policy_types.table import POLICY_TYPES
from tests.support.standard_rows import PROFILES, assigned, follow, guid, has, new_standard

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WIFI = "#microsoft.graph.windowsWifiConfiguration"
WANT = {"@odata.type": WIFI, "displayName": "Wi-Fi", "ssid": "Corp", "networkName": "Office", "proxySetting": "none"}


def test_places_are_told_apart_and_hold_no_value_and_no_secret(cast):
    adoption = follow(new_standard(), cast.contoso)
    live = {
        **WANT,
        "ssid": "hush~Guest",
        "networkName": "hush~Lobby",
        "preSharedKey": "hush~key",
        "description": "hush",
    }
    _, snapshot = has(adoption, "a", guid(1), live, PROFILES, assigned(guid(2)), groups={guid(2): "Guests"})
    content, want = {"body": live, "assignments": assigned(guid(2))}, {"body": WANT, "assignments": []}
    policy_type = POLICY_TYPES[PROFILES]
    places = DifferingPlaces(policy_type, snapshot, content, want, [("body", "ssid")])
    counted = {place["path"]: (place["label"], place["how"]) for place in places.shown}
    group = f"assignments/groupAssignmentTarget {guid(2)}"
    assert counted.keys() == {"body/networkName", group}
    assert counted[group][1] == "added", "only the tenant has it"
    assert "Guests" in counted[group][0]
    assert [place["path"] for place in places.shown_excused] == ["body/ssid"]
    assert "hush" not in str([places.shown, places.shown_excused])
    assert not places.has_unread

    snapshot.proof = {"secrets": {"withheld": [{"where": "networkName"}]}}
    unread = DifferingPlaces(policy_type, snapshot, {**content, "assignments": None}, want, [("body", "ssid")])
    assert (unread.counted, unread.has_unread) == ([], True), "what was not read is neither right nor wrong"

    many = {f"property{number}": number for number in range(2 * MOST_PLACES)}
    wide = DifferingPlaces(policy_type, snapshot, content, {"body": {**WANT, **many}, "assignments": None})
    assert len(wide.counted) > MOST_PLACES
    assert len(wide.shown) == MOST_PLACES
