from graph.definitions.met_ids import Catalogue, met_in
from graph.simulator.demo import definitions, demo_tenants
from graph.simulator.store import catalogue

LISTS = {Catalogue.CONFIGURATION: "configurationSettings", Catalogue.COMPLIANCE: "complianceSettings",
         Catalogue.REUSABLE: "reusableSettings", Catalogue.INVENTORY: "inventorySettings",
         Catalogue.INTENT: "settingDefinitions", Catalogue.TEMPLATE: "templates"}  # fmt: skip


def test_every_setting_of_the_demo_has_a_name_and_every_choice_of_it_a_title():
    definitions.add_all()
    nameless = set()
    for tenant in demo_tenants():
        templates = tenant.collections["deviceManagement/templates"]
        for path, items in tenant.collections.items():
            for item in items.values():
                for each in met_in(path.rpartition("/")[2], {"body": item}).values():
                    known = catalogue.known(f"deviceManagement/{LISTS[each.catalogue]}")
                    if each.spelling not in known and each.spelling not in templates:
                        nameless.add(each.spelling)
                nameless |= set(unnamed_choices(item))
    assert nameless == set()


def unnamed_choices(value):
    if isinstance(value, list):
        for element in value:
            yield from unnamed_choices(element)
    elif isinstance(value, dict):
        chosen = value.get("choiceSettingValue") or {}
        if chosen:
            known = [
                catalogue.known(f"deviceManagement/{name}").get(value["settingDefinitionId"]) for name in LISTS.values()
            ]
            options = [option["itemId"] for each in known if each for option in each["options"]]
            if chosen["value"] not in options:
                yield chosen["value"]
        for inner in value.values():
            yield from unnamed_choices(inner)
