from graph.transport.object_links import make_links_absolute

BASE = "https://graph.microsoft.us/beta"


def test_only_relative_links_get_the_base():
    body = {
        "role@odata.bind": "/roles('a')",
        "tags@odata.bind": ["/tags('1')", "https://elsewhere/tags('2')"],
        "description": "/deviceManagement",
        "inner": [{"@odata.id": "/groups/b", "note": "/c"}],
    }
    assert make_links_absolute(body, BASE) == {
        "role@odata.bind": f"{BASE}/roles('a')",
        "tags@odata.bind": [f"{BASE}/tags('1')", "https://elsewhere/tags('2')"],
        "description": "/deviceManagement",
        "inner": [{"@odata.id": f"{BASE}/groups/b", "note": "/c"}],
    }
