import pytest

from graph.definitions.parsing import (
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    MOST_OPTIONS,
    clean_title,
    parse_category,
    parse_definition,
)
from graph.errors import Malformed

KIND = "#microsoft.graph.deviceManagementConfiguration"


def test_a_choice_is_parsed_in_the_shape_that_graph_answers():
    """Abridged from adamgell/IntuneCommander's capture; the id is asked for in another case."""
    body = {
        "@odata.type": f"{KIND}ChoiceSettingDefinition", "id": "a_b", "name": "B", "displayName": "\u202fAllow B\n ",
        "description": "First line.\r\n\r\nSecond \u202eline.", "helpText": None, "categoryId": "c",
        "version": "639076796884740746", "occurrence": None, "infoUrls": [],
        "options": [{"itemId": "A_b_0", "name": "Disabled", "displayName": "False", "description": None},
                    {"itemId": "a_b_1", "name": "Enabled", "displayName": None}, None, {"itemId": None}],
    }  # fmt: skip
    found = parse_definition(body, "A_B")
    assert (found.id, found.title, found.category_id) == ("a_b", "Allow B", "c")
    assert found.description == "First line.\n\nSecond line."
    assert found.options == {"a_b_0": "False", "a_b_1": "Enabled"}
    assert found.version == "639076796884740746"


@pytest.mark.parametrize(
    ("more", "unit", "minimum", "maximum", "is_secret"),
    [
        ({"valueDefinition": {"minimumValue": 0, "maximumValue": 2147483647}}, "", 0, 2147483647, False),
        ({"valueDefinition": {"minimumLength": 0, "maximumLength": 9, "isSecret": True}}, "characters", 0, 9, True),
        ({"constraints": [{"minimumValue": 4, "maximumValue": 16}]}, "", 4, 16, False),
        ({"constraints": [{"@odata.type": "#microsoft.graph.deviceManagementIntentSettingSecretConstraint"}]},
         "", None, None, True),
        ({"valueDefinition": {"minimumValue": True, "maximumValue": 10**30}}, "", None, None, False),
        ({"valueDefinition": None, "constraints": "x", "options": {"itemId": "x"}}, "", None, None, False),
    ],
)  # fmt: skip
def test_bounds_and_secrecy_are_read_where_each_list_has_them(more, unit, minimum, maximum, is_secret):
    found = parse_definition({"id": "a", "displayName": "A", **more}, "a")
    assert (found.unit, found.minimum, found.maximum, found.is_secret) == (unit, minimum, maximum, is_secret)


def test_an_intents_options_are_its_values():
    values = [{"value": "notConfigured", "displayName": "Not configured"}, {"value": "audit", "displayName": ""}]
    found = parse_definition({"id": "x--A_b", "displayName": "B", "constraints": [{"values": values}]}, "x--A_b")
    assert found.options == {"notconfigured": "Not configured"}


def test_what_is_too_large_or_misleading_is_cut_and_cleaned():
    options = [{"itemId": f"a_{number}", "displayName": "x" * 5000} for number in range(MOST_OPTIONS + 50)]
    found = parse_definition(
        {"id": "a", "displayName": "\x00\x1b[31m" + "y" * 10**6, "description": "z\n" * 10**6, "options": options,
         "version": 7, "categoryId": ["c"]}, "a",
    )  # fmt: skip
    assert len(found.title) <= LONGEST_TITLE
    assert found.title.startswith("[31my")
    assert len(found.description) <= LONGEST_DESCRIPTION
    assert len(found.options) == MOST_OPTIONS
    assert max(map(len, found.options.values())) <= LONGEST_TITLE
    assert (found.version, found.category_id) == ("", "")
    assert parse_definition({"id": "a", "displayName": " \u202f ", "name": "OwnName"}, "a").title == "OwnName"
    assert parse_definition({"id": "a"}, "a").title == ""
    assert clean_title("a\u2028b\tc") == "a b c"


@pytest.mark.parametrize("answer", [{}, {"id": None}, {"id": "another"}, {"id": ["a"]}])
def test_the_answer_to_another_question_is_refused(answer):
    with pytest.raises(Malformed):
        parse_definition({"displayName": "A", **answer}, "a")


@pytest.mark.parametrize(
    ("body", "title", "parent"),
    [
        ({"displayName": "Login Items", "name": None, "parentCategoryId": "p"}, "Login Items", "p"),
        ({"displayName": "", "description": "Login > Login Items"}, "Login > Login Items", ""),
        ({"displayName": None, "description": None, "parentCategoryId": "c"}, "c", ""),
    ],
)
def test_a_category_has_a_title_whatever_it_lacks_and_is_never_its_own_parent(body, title, parent):
    found = parse_category({"id": "c", **body})
    assert (found.title, found.parent_id) == (title, parent)
    assert parse_category({"displayName": "no id"}) is None
