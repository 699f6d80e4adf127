import pytest

from db.definitions import categories


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_category_is_found_in_the_first_language_that_has_it_and_renewed(database):
    categories.save_paths("en", {"top": ["Privacy"], "below": ["Privacy", "Apps"]})
    categories.save_paths("de", {"top": ["Datenschutz"]})
    categories.save_paths("en", {"below": ["Privacy", "Store apps"]})
    asked = {"top", "below", "unheard of"}
    assert categories.find_paths(asked, ["de", "en"]) == {"top": ("Datenschutz",), "below": ("Privacy", "Store apps")}
    assert categories.find_paths(asked, ["fr"]) == {}
