"""The catalogues of definitions, as a client of the simulator sees them."""

from tests.graph.simulator.conftest import DM

CAMERA = {"@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingDefinition", "id": "a_Camera",
          "displayName": "Camera", "version": "638951450276131607", "_in": {"de": {"displayName": "Kamera"}},
          "options": [{"itemId": "a_Camera_0", "displayName": "Off",
                       "_in": {"de": {"displayName": "Aus"}}}]}  # fmt: skip


def test_a_definition_is_answered_by_its_id_in_the_language_asked_for_and_lists_come_in_small_pages(tenant):
    path = f"{DM}/configurationSettings"
    tenant.put(path, CAMERA)
    for number in range(205):
        tenant.put(path, {**CAMERA, "id": f"b_{number:03}"})
    english = tenant.ask("GET", f"{path}/a_Camera").json()
    assert (english["displayName"], english["options"][0]["displayName"]) == ("Camera", "Off")
    assert "_in" not in english
    german = tenant.ask("GET", f"{path}/a_Camera", Accept_Language="de").json()
    assert (german["displayName"], german["options"][0]["displayName"]) == ("Kamera", "Aus")
    in_batch = tenant.batch(
        {"id": "1", "method": "GET", "url": f"/{path}/a_Camera", "headers": {"Accept-Language": "de-AT"}}
    )
    assert in_batch["1"]["body"]["displayName"] == "Kamera"

    assert tenant.ask("GET", f"{path}/a_camera").status_code == 404, "ids are looked up as they are written"
    assert tenant.ask("GET", f"{path}/unheard_of").status_code == 404
    assert tenant.ask("GET", f"{path}?$select=id,options").status_code == 400
    assert tenant.ask("GET", f"{path}?$top=1000").status_code == 500
    first = tenant.ask("GET", f"{path}?$top=200").json()
    assert len(first["value"]) == 200
    assert "$skiptoken" in first["@odata.nextLink"]
    for other in ("configurationCategories", "complianceSettings", "reusableCategories", "inventorySettings"):
        assert tenant.ask("GET", f"{DM}/{other}").json()["value"] == []


def test_a_template_of_intents_has_categories_and_without_the_permission_nothing_is_answered(tenant):
    tenant.put(f"{DM}/templates", {"id": "t", "displayName": "Firewall", "categories": [
        {"id": "c", "displayName": "Profiles",
         "settingDefinitions": [{"id": "deviceConfiguration--a_b"}]}]})  # fmt: skip
    plain = tenant.ask("GET", f"{DM}/templates/t/categories").json()["value"]
    assert plain == [{"id": "c", "displayName": "Profiles"}]
    [expanded] = tenant.ask("GET", f"{DM}/templates/t/categories?$expand=settingDefinitions").json()["value"]
    assert expanded["settingDefinitions"] == [{"id": "deviceConfiguration--a_b"}]
    assert "categories" not in tenant.ask("GET", f"{DM}/templates/t").json()
    tenant.change(permissions=["DeviceManagementApps.Read.All"])
    tenant.sign_in()
    for path in ("configurationSettings/x", "settingDefinitions/x", "configurationCategories", "templates/t"):
        assert tenant.ask("GET", f"{DM}/{path}").status_code == 403
    tenant.change(flags={"no_intune": True}, permissions=["DeviceManagementConfiguration.Read.All"])
    tenant.sign_in()
    assert tenant.ask("GET", f"{DM}/configurationSettings/x").status_code == 400
