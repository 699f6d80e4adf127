import json

import pytest

from graph.definitions import property_words
from graph.microsoft import model
from tests.support.simulated_tenant import REAL

COMPLIANCE = "windows10compliancepolicy"
LABELS = REAL.parent / "definitions" / "Micke-K__IntuneManagement" / "legacy-setting-labels.en.json"


def test_each_line_of_the_table_is_a_property_that_microsofts_model_has_and_says_something():
    by_type = property_words.table().by_type
    known = {name.lower(): name for name in model.type_names()}
    unknown = []
    for odata_type, words in by_type.items():
        names = {name.lower() for name in model.properties(known[odata_type])}
        unknown += [key for key in words if key.partition("/")[2] not in names]
        for key, each in words.items():
            assert (each.id, bool(each.title)) == (key, True)
            assert all(each.options.values()), key
            assert each.category_id == "" or each.category_id in property_words.table().categories
    assert unknown == []
    assert sum(map(len, by_type.values())) > 850


def test_words_are_found_by_key_and_by_the_types_of_a_body():
    body = {"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "passwordRequired": True,
            "x": [{"@odata.type": "#microsoft.graph.unheardOf"}, 7]}  # fmt: skip
    of_body = property_words.of_body(body)
    key = f"{COMPLIANCE}/bitlockerenabled"
    assert of_body[key].options == {"true": "Require", "false": "Not configured"}
    assert property_words.table().categories[of_body[key].category_id] == "Device Health"
    assert property_words.find([key, f"{COMPLIANCE}/unheardof", "x", "/"]) == {key: of_body[key]}
    assert property_words.of_body({"passwordRequired": True}) == property_words.of_body(None) == {}


@pytest.mark.skipif(not LABELS.exists(), reason="the labels of other people's tools are not beside this checkout")
def test_the_table_says_what_its_source_says():
    labels = json.loads(LABELS.read_text(encoding="utf-8"))
    told = {f"{kind.removeprefix('#microsoft.graph.')}/{row['property']}".lower(): " ".join(row["label"].split())
            for kind, of_type in labels.items() for row in reversed(of_type["settings"])
            if row.get("label") and row.get("property")}  # fmt: skip
    for words in property_words.table().by_type.values():
        for key, each in words.items():
            assert told[key].rstrip(": ") == each.title.rstrip(": "), key
