"""What PowerShell does to policies."""

from graph.foreign.powershell import find_scar, is_pascal, to_graph


def test_names_dates_and_empty_objects_are_as_graph_has_them():
    value = {"DisplayName": "a", "AdditionalProperties": {"@odata.type": "#x", "more": 1},
             "Old": {"A": None, "B": {"C": None}}, "At": "/Date(0)/", "Bad": "/Date(999999999999999)/",
             "Empty": []}  # fmt: skip
    assert to_graph(value) == {"displayName": "a", "@odata.type": "#x", "more": 1, "old": None, "empty": [],
                               "at": "1970-01-01T00:00:00.000Z", "bad": "/Date(999999999999999)/"}  # fmt: skip
    assert is_pascal(value)
    assert not is_pascal({"displayName": "a", "DisplayName": "b"})
    assert not is_pascal({"Displayname": "a", "RAWJson": ""})


def test_scars_are_found_wherever_they_are():
    assert find_scar({"a": [{"b": "System.Collections.Hashtable"}]}) == "a.b"
    assert find_scar({"a": "@{id=1; name=x}"}) == "a"
    assert find_scar(["System.Object[]"]) == "the whole"
    assert find_scar({"a": "Microsoft.Graph.PowerShell.Models.MicrosoftGraphX"}) == "a"
    assert not find_scar({"a": "use System.Object in code", "b": "me@{x}.com"})
