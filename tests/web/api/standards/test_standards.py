"""`/standards`: a program makes a standard and its versions, and reads what is new; others see what they follow."""

from db.models import StandardVersion
from tests.actors.standards.test_making import snapshot
from tests.support.standard_rows import follow, new_standard


def test_a_version_is_made_of_snapshots_and_read_by_who_follows(cast, api):
    first = snapshot(cast.contoso, "deviceConfigurations", "r1", "Ring 1")
    second = snapshot(cast.contoso, "deviceConfigurations", "r2", "Ring 2")
    root, reader, other = api(cast.root), api(cast.rita), api(cast.sam)
    made = root.post("/standards", json={"name": "Base", "description": "For all"})
    assert (made.status_code, made.json["newest_version"]) == (201, None)
    assert root.post("/standards", json={"name": "Base"}).status_code == 422
    assert root.post("/standards", json={}).status_code == 422
    path = made.headers["Location"].removeprefix("/api/v1")
    versions = f"{path}/versions"
    assert root.post(versions, json={"after": 0}).status_code == 422
    answer = root.post(versions, json={"tenant": cast.contoso.id, "snapshots": [first.id], "notes": "First"})
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/api/v1{versions}/1")
    assert [item["key"] for item in answer.json["items"]] == ["r1"]
    more = {"tenant": cast.contoso.id, "snapshots": [second.id], "keeps_items": True}
    assert root.post(versions, json=more).status_code == 422, "it has not seen version 1"
    answer = root.post(versions, json={**more, "after": 1})
    assert [item["name"] for item in answer.json["since"]["added"]] == ["Ring 2"]
    assert reader.get(path).status_code == other.get(f"{versions}/1").status_code == 403
    assert reader.get("/standards").json["items"] == []
    new_standard("Theirs")
    for tenant in (cast.contoso, cast.fabrikam):
        follow(StandardVersion.get().standard, tenant)
    assert [(row["name"], row["followers"]) for row in reader.get("/standards").json["items"]] == [("Base", 1)]
    assert [row["number"] for row in reader.get(versions).json["items"]] == [2, 1]
    assert (reader.get(f"{versions}/1").json["source_name"], other.get(f"{versions}/1").json["source_name"]) == (
        "Contoso", "",
    )  # fmt: skip
    assert other.get(f"{versions}/9").status_code == 404
    assert reader.post(versions, json=more).status_code == other.post("/standards", json={}).status_code == 403
    assert len(root.get("/standards").json["items"]) == 2
