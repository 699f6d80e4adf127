from graph.simulator.store import catalogue


def test_a_list_of_definitions_holds_each_id_once():
    path = "deviceManagement/inventorySettings"
    before = len(catalogue.known(path))
    assert catalogue.add(path, [{"id": "a test's"}, {"id": "a test's", "displayName": "The last counts"}]) == 1
    assert catalogue.known(path)["a test's"]["displayName"] == "The last counts"
    assert len(catalogue.known(path)) == before + 1
    assert catalogue.known("deviceManagement/intents") == {}
