import pytest

from graph.definitions.asking import ask_categories, ask_definition, ask_template, category_paths
from graph.definitions.met_ids import Catalogue, MetId
from graph.definitions.parsing import SettingCategory
from graph.errors import Forbidden, NotAvailable, NotFound
from graph.transport.client import Answer, Request

DM = "/deviceManagement"
GONE = Answer(error=NotFound("not_found", "gone"))


def driven(steps, answers):
    """Return (what the steps return, the requests they made). `answers`: path -> answer or body; else not there."""
    asked: list[Request] = []
    try:
        wanted = next(steps)
        while True:
            asked += wanted
            found = [answers.get(request.path, GONE) for request in wanted]
            wanted = steps.send([each if isinstance(each, Answer) else Answer(body=each) for each in found])
    except StopIteration as e:
        return e.value, asked


def test_a_definition_is_asked_for_as_written_then_in_small_letters_then_in_the_other_lists():
    met = MetId("com.apple.X_Y~Z", Catalogue.COMPLIANCE)
    found, asked = driven(ask_definition(met, "de"), {})
    assert found is None
    assert [request.path for request in asked] == [
        f"{DM}/complianceSettings/com.apple.X_Y~Z", f"{DM}/complianceSettings/com.apple.x_y~z",
        f"{DM}/configurationSettings/com.apple.x_y~z", f"{DM}/reusableSettings/com.apple.x_y~z",
        f"{DM}/inventorySettings/com.apple.x_y~z",
    ]  # fmt: skip
    assert {request.headers["Accept-Language"] for request in asked} == {"de"}
    assert not any("$select" in request.path for request in asked)

    path = f"{DM}/configurationSettings/com.apple.x_y~z"
    found, asked = driven(ask_definition(met, "en"), {path: {"id": "com.apple.x_y~z", "displayName": "Why"}})
    assert (found.definition.title, found.catalogue, len(asked)) == ("Why", Catalogue.CONFIGURATION, 3)
    intent = MetId("deviceConfiguration--A_b", Catalogue.INTENT)
    assert [request.path for request in driven(ask_definition(intent, "en"), {})[1]] == [
        f"{DM}/settingDefinitions/deviceConfiguration--A_b", f"{DM}/settingDefinitions/deviceconfiguration--a_b"
    ]  # fmt: skip
    odd = driven(ask_definition(MetId("a b/../c'd{tenantid}%", Catalogue.INTENT), "en"), {})[1]
    assert odd[0].path == f"{DM}/settingDefinitions/a%20b%2F..%2Fc%27d%7Btenantid%7D%25"


def test_a_refusal_of_the_own_list_is_told_and_a_list_that_is_not_there_is_passed_over():
    met, path = MetId("x", Catalogue.INVENTORY), f"{DM}/inventorySettings/x"
    with pytest.raises(Forbidden):
        driven(ask_definition(met, "en"), {path: Answer(error=Forbidden("permission_missing", "no"))})
    absent = Answer(error=NotAvailable("unknown_segment", "no such list"))
    forbidden = Answer(error=Forbidden("permission_missing", "no"))
    other = {path: absent, f"{DM}/configurationSettings/x": forbidden, f"{DM}/reusableSettings/x": {"id": "x"}}
    found, _ = driven(ask_definition(met, "en"), other)
    assert found.catalogue == Catalogue.REUSABLE


def test_a_template_brings_its_settings_in_their_categories_for_two_requests():
    categories = {"value": [{"id": "c", "displayName": "Firewall", "settingDefinitions": [
        {"id": "x--A_b", "displayName": "B"}, {"displayName": "no id"}, None]}, {"displayName": "no id"}]}  # fmt: skip
    answers = {f"{DM}/templates/T1": {"id": "T1", "displayName": "Windows Firewall"},
               f"{DM}/templates/T1/categories?$expand=settingDefinitions": categories}  # fmt: skip
    found, asked = driven(ask_template("T1", "en"), answers)
    assert len(asked) == 2
    assert {key: each.definition.title for key, each in found.definitions.items()} == {
        "t1": "Windows Firewall", "x--a_b": "B"
    }  # fmt: skip
    assert found.definitions["x--a_b"].definition.category_id == "c"
    assert found.categories == {"c": SettingCategory("c", "Firewall", "")}
    assert driven(ask_template("T2", "en"), answers)[0] is None
    assert len(driven(ask_template("T1", "en"), {f"{DM}/templates/T1": {"id": "T1"}})[0].definitions) == 1


def category(number, parent):
    return {"id": f"c{number}", "displayName": f"Title {number}", "parentCategoryId": f"c{parent}"}


def test_few_categories_are_asked_for_by_id_with_those_above_them_and_many_as_a_list():
    route = f"{DM}/configurationCategories"
    one_by_one = {f"{route}/c{number}": category(number, number - 1) for number in range(1, 9)}
    found, asked = driven(ask_categories({"c3", "c9"}, {"c1"}, Catalogue.CONFIGURATION, "en"), one_by_one)
    assert sorted(found) == ["c2", "c3"]
    assert [request.path for request in asked] == [f"{route}/c3", f"{route}/c9", f"{route}/c2"]
    assert category_paths(found, {"c1": ("Top",)}) == {"c2": ("Top", "Title 2"), "c3": ("Top", "Title 2", "Title 3")}

    link = "https://graph.microsoft.com/beta/deviceManagement/configurationCategories?$skiptoken=x"
    pages = {f"{route}?$top=200": {"value": [category(number, 1) for number in range(1, 8)], "@odata.nextLink": link},
             link: {"value": [category(8, 1)]}, f"{route}/c20": category(20, 8)}  # fmt: skip
    missing = {*(f"c{number}" for number in range(1, 9)), "c20"}
    found, asked = driven(ask_categories(missing, set(), Catalogue.CONFIGURATION, "en"), pages)
    assert (sorted(found), len(asked)) == (sorted(missing), 3)
    assert category_paths(found, {})["c20"] == ("Title 1", "Title 8", "Title 20")
    assert driven(ask_categories({"c"}, set(), Catalogue.INTENT, "en"), {}) == ({}, [])


def test_categories_that_lead_in_a_circle_or_end_nowhere_get_a_path_all_the_same():
    circle = {"a": SettingCategory("a", "A", "b"), "b": SettingCategory("b", "B", "a"),
              "c": SettingCategory("c", "C", "nobody's")}  # fmt: skip
    paths = category_paths(circle, {})
    assert paths["c"] == ("C",)
    assert all(len(path) <= 12 for path in paths.values())
