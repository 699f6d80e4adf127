"""Rules that everybody reads and admins change; and places that managers have ignored."""

from db.changes import ignored_fields, severity_rules
from db.models import IgnoredField
from tests.support.changes import record_change
from tests.support.forms import csrf_token, page_of


def test_rules_are_read_by_everybody_and_set_by_admins(client, sign_in, cast):
    sign_in(client, cast.max)
    page = client.get("/changes/rules/").get_data(as_text=True)
    assert "A policy was removed." in page
    assert 'name="severity"' not in page
    data = {"csrf_token": csrf_token(client, "/"), "name": "removed", "severity": "low", "is_active": "yes"}
    assert client.post("/changes/rules/", data=data).status_code == 403
    sign_in(client, cast.root)
    data["csrf_token"] = csrf_token(client, "/")
    client.post("/changes/rules/", data=data)
    assert [(row.name, row.severity) for row in severity_rules.all_set()] == [("removed", "low")]
    client.post("/changes/rules/", data={**data, "act": "remove"})
    client.post("/changes/rules/", data={**data, "name": "no such rule"})
    assert severity_rules.all_set() == []
    client.post("/changes/rules/", data={**data, "name": "", "path": "<b>"})
    assert "“&lt;b&gt;” changed." in client.get("/changes/rules/").get_data(as_text=True)


def test_a_place_is_ignored_from_the_difference_itself_and_counts_again(client, sign_in, cast, captured):
    change, other = record_change(captured[0][0]), record_change(captured[2][0])
    everywhere = ignored_fields.find(IgnoredField.create(policy_type="intents", path="body/x").id)

    def post(person, address, **data):
        sign_in(client, person)
        return client.post(address, data={"csrf_token": csrf_token(client, "/"), **data}).status_code

    assert post(cast.ada, f"/changes/{change.id}/ignore", path="body/state") == 403
    assert post(cast.max, f"/changes/{other.id}/ignore", path="body/state") == 403
    post(cast.max, f"/changes/{change.id}/ignore", path="body/other")
    assert ignored_fields.all_of(cast.contoso) == [], "none of its differences"
    post(cast.max, f"/changes/{change.id}/ignore", path="body/state")
    [field] = ignored_fields.all_of(cast.contoso)
    page = page_of(client.get(f"/changes/{change.id}").get_data(as_text=True), "/")
    [undo] = [form for form in page.forms if form.path == "/changes/ignored/"]
    assert client.post(undo.path, data=undo.filled({})).location == f"/changes/{change.id}"
    assert ignored_fields.all_of(cast.contoso) == [], "undone by one press"
    post(cast.max, f"/changes/{change.id}/ignore", path="body/state")
    [field] = ignored_fields.all_of(cast.contoso)
    assert "body/state" in client.get("/changes/ignored/").get_data(as_text=True)
    assert "body/state" not in sign_in(client, cast.sam).get("/changes/ignored/").get_data(as_text=True)
    assert post(cast.sam, "/changes/ignored/", ignored=field.id) == 403
    assert post(cast.max, "/changes/ignored/", ignored=everywhere.id) == 403
    assert post(cast.max, "/changes/ignored/", ignored=field.id) == 303
    assert post(cast.root, "/changes/ignored/", ignored=everywhere.id) == 303
    assert not IgnoredField.select().exists()
