"""Who the logs say it was."""

from graph.simulator.audit.doers import actor, from_json, initiator, own_app
from graph.simulator.store.state import Tenant
from tests.support.outside_changes import ANNA, SERVICE


def test_our_app_is_called_as_the_directory_calls_its_service_principal():
    tenant = Tenant("T", "directory", "client")
    assert own_app(tenant) == own_app(Tenant("T", "directory", "client")), "the same in each run"
    tenant.put("servicePrincipals", {"id": "sp", "appId": "client", "displayName": "Backup"})
    made = initiator(own_app(tenant))["app"]
    assert (made["servicePrincipalId"], made["displayName"], made["appId"]) == ("sp", "Backup", None)


def test_a_person_has_an_address_in_entras_log_only_and_the_service_has_no_name_in_intunes():
    person = from_json(ANNA)
    assert initiator(person)["user"]["ipAddress"] == ANNA["address"]
    assert actor(person)["ipAddress"] is None
    assert actor(person)["applicationDisplayName"] == "Microsoft Intune portal extension"
    assert not any(actor(from_json(SERVICE)).values())
