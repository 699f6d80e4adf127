import json

from graph.simulator.imports.exported_definitions import load_definitions
from graph.simulator.store.catalogue import known

DM = "deviceManagement"
KIND = "#microsoft.graph.deviceManagementConfiguration"


def test_answers_and_tables_of_names_become_definitions_and_an_answer_counts_more(tmp_path):
    names = ["platform", "categoryName", "name", "friendlyName", "itemId", "baseUri", "offsetUri", "controlType"]
    rows = [names, ["Windows", "Test > Deep", "B", "Allow B", "Test_A_B", "./Device", "/B", "Choice"],
            ["Windows", "Test", "C", "Of the table", "test_c", "", "", "Simple"]]  # fmt: skip
    labels = [["settingDefinitionId", "itemIdSuffix", "label", "resources"], ["test_a_b", "1", "On", ""],
              ["test_a_b", "1", "Turned on", ""]]  # fmt: skip
    for name, table in (("names.tsv", rows), ("labels.tsv", labels)):
        (tmp_path / name).write_text("\n".join("\t".join(row) for row in table), encoding="utf-8")
    answer = {"@odata.type": f"{KIND}SimpleSettingDefinition", "id": "test_c", "displayName": "As Graph answers"}
    (tmp_path / "answers.json").write_text(json.dumps({"value": [{"id": "0", "settingDefinitions": [answer]}]}))
    older = {
        "#microsoft.graph.testType": {"settings": [{"property": "blocked", "label": "Blocked"}, {"property": "x"}]}
    }
    (tmp_path / "older.json").write_text(json.dumps(older))

    assert load_definitions(tmp_path) == 3
    choice = known(f"{DM}/configurationSettings")["test_a_b"]
    assert choice["@odata.type"] == f"{KIND}ChoiceSettingDefinition"
    assert [(each["itemId"], each["displayName"]) for each in choice["options"]] == [("test_a_b_1", "On")]
    assert known(f"{DM}/configurationSettings")["test_c"]["displayName"] == "As Graph answers"
    deep = known(f"{DM}/configurationCategories")[choice["categoryId"]]
    assert deep["displayName"] == "Deep"
    assert known(f"{DM}/configurationCategories")[deep["parentCategoryId"]]["displayName"] == "Test"
    assert known(f"{DM}/settingDefinitions")["deviceConfiguration--testType_blocked"]["displayName"] == "Blocked"
