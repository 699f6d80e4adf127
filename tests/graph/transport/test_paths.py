import pytest

from graph.transport import paths


def test_join_quotes_each_step():
    assert paths.join("/deviceManagement/intents", "a/b?c", 1) == "/deviceManagement/intents/a%2Fb%3Fc/1"


def test_quote_literal_doubles_apostrophes():
    assert paths.quote_literal("O'Neill & co") == "O%27%27Neill%20%26%20co"


def test_key_link_names_an_object_by_its_key():
    assert paths.key_link("/deviceManagement/roleScopeTags", "1") == "/deviceManagement/roleScopeTags('1')"


@pytest.mark.parametrize("path", ["/groups/a", "/groups/a%20b?$select=id", "/groups('x')/members"])
def test_ordinary_path_is_sent(path):
    assert not paths.is_path_astray(path)


@pytest.mark.parametrize(
    "path",
    ["groups", "/groups//a", "/groups/../users", "/groups/%2e%2e/users", "/groups/a%2fb", "/groups/a%252fb", "/a?b?c",
     "/groups/a#b", "/groups/" + "a" * 4000],
)  # fmt: skip
def test_path_with_a_step_that_is_more_than_one_is_astray(path):
    assert paths.is_path_astray(path)


@pytest.mark.parametrize(("text", "is_id"), [("1", True), ("c1_x.y", True), ("", False), ("a/b", False), ("..", False),
                                             ("a..b", False), (1, False), ("a" * 201, False)])  # fmt: skip
def test_plain_id_holds_no_step_of_a_path(text, is_id):
    assert paths.is_plain_id(text) is is_id


def test_find_links_finds_them_at_any_depth():
    body = {
        "group@odata.bind": "/groups/a",
        "items": [{"@odata.id": "/b"}, {"tags@odata.bind": ["/c", "/d"]}],
        "x": "/e",
    }
    assert paths.find_links(body) == ["/groups/a", "/b", "/c", "/d"]
