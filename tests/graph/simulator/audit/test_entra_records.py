"""The records of Entra's log: two of a Conditional Access policy, with what it was and is as text."""

import json

from graph.simulator.model.conformance import misfits
from tests.graph.simulator.audit.conftest import AUDITS, SENT, sent, told
from tests.graph.simulator.conftest import LOCATION, access
from tests.support.outside_changes import Outside


def test_a_conditional_access_policy_leaves_two_records_of_which_one_has_the_request_id(audited):
    [made] = sent(audited, 3, "PATCH", "identity/conditionalAccess/policies/ca", {"state": "enabled"})
    assert made["id"].startswith(f"IPCGraph_{SENT[:-1]}3")
    assert made["initiatedBy"]["user"] is None
    assert made["initiatedBy"]["app"]["appId"] is None
    [change] = made["targetResources"][0]["modifiedProperties"]
    assert [json.loads(change[key])["state"] for key in ("oldValue", "newValue")] == ["disabled", "enabled"]
    assert "sessionControls" not in json.loads(change["newValue"]), "no nulls"
    [twin] = [one for one in audited.ask("GET", AUDITS).json()["value"] if one["loggedByService"] == "Core Directory"]
    assert (twin["activityDisplayName"], twin["targetResources"][0]["id"]) == ("Update policy", "ca")
    assert twin["id"].startswith("Directory_")


def test_what_is_made_and_removed_has_one_side_only_and_a_refused_write_leaves_nothing(audited):
    place = "identity/conditionalAccess/policies"
    made = sent(audited, 4, "POST", place, {**access(), "displayName": "New"})[0]["targetResources"][0]
    assert made["modifiedProperties"][0]["oldValue"] is None
    gone = sent(audited, 5, "DELETE", f"{place}/{made['id']}")[0]["targetResources"][0]["modifiedProperties"][0]
    assert (gone["newValue"], json.loads(gone["oldValue"])["displayName"]) == (None, "New")
    assert audited.ask("PATCH", f"{place}/ca", {"nothing": 1}, client_request_id=SENT[:-1] + "6").status_code == 400
    assert told(audited, AUDITS, SENT[:-1] + "6") == []


def test_every_record_fits_microsofts_model(audited):
    Outside(audited).change("namedLocations", LOCATION)
    made = audited.ask("GET", AUDITS).json()["value"]
    assert made
    assert [misfit for one in made for misfit in misfits("directoryAudit", one)] == []
