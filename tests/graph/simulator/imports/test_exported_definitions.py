import json
from urllib.parse import unquote

import pytest

from graph.definitions.asking import ask_definition
from graph.definitions.met_ids import Catalogue, met_in
from graph.errors import NotFound
from graph.simulator.imports.exported_definitions import load_definitions
from graph.simulator.imports.exported_files import exported_tenant, load_exported
from graph.simulator.store.catalogue import known
from graph.transport.client import Answer
from tests.support.simulated_tenant import REAL

DM = "deviceManagement"
REAL_DEFINITIONS = REAL.parent / "definitions"
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


@pytest.mark.skipif(not (REAL.exists() and REAL_DEFINITIONS.exists()), reason="no real policies and definitions here")
def test_every_setting_of_real_policies_that_a_published_definition_names_is_asked_for_and_named():
    """What the demo shows with --load and --definitions: each id met, asked for as the product does, and parsed."""
    load_definitions(REAL_DEFINITIONS)
    tenant = exported_tenant()
    load_exported(tenant, REAL)
    met = {}
    for path, items in tenant.collections.items():
        for item in items.values():
            met |= met_in(path.rpartition("/")[2], {"body": item})
    lists = {Catalogue.CONFIGURATION: "configurationSettings", Catalogue.INTENT: "settingDefinitions"}
    published = {each.lower(): each for name in lists.values() for each in known(f"{DM}/{name}")}
    nameless, named = [], 0
    for setting_id, each in met.items():
        if setting_id in published and each.catalogue != Catalogue.TEMPLATE:
            found = _asked(ask_definition(each, "en"))
            named += bool(found and found.definition.title)
            nameless += [] if found and found.definition.title else [setting_id]
    print(f"{named} of {len(met)} settings of real policies are in published definitions, and all of those are named")
    assert nameless == []
    assert named > 900


def _asked(steps):
    """Return what the steps return, their requests answered by the catalogue."""
    try:
        wanted = next(steps)
        while True:
            wanted = steps.send([_answer(request.path) for request in wanted])
    except StopIteration as e:
        return e.value


def _answer(path):
    collection, _, setting_id = unquote(path).strip("/").rpartition("/")
    body = known(collection).get(setting_id)
    return Answer(body=body) if body else Answer(error=NotFound("not_found", "gone"))
