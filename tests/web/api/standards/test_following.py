"""`/standards/{id}/tenants`: a program lets a tenant follow, and reads and says what is otherwise there."""

from db.models import StandardAdoption
from tests.support.following import CATALOG, standard_of

PREFIX = {"name": "prefix", "kind": "prefix", "label": "Prefix", "default": "ST", "object": None, "places": []}
THERE = "10000001-0000-4000-8000-000000000000"


def test_a_tenant_follows_and_leaves_and_its_program_sees_no_other(cast, api):
    standard, _ = standard_of({"a": (CATALOG, {"name": "Ring"}, {})}, parameters=[PREFIX])
    path = f"/standards/{standard.id}/tenants"
    root, manager, other = api(cast.root), api(cast.max), api(cast.sam)
    assert manager.post(path, json={"tenant": cast.contoso.id, "ring": "pilot"}).status_code == 403
    made = root.post(path, json={"tenant": cast.contoso.id, "ring": "pilot"})
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/v1{path}/{cast.contoso.id}")
    assert root.post(path, json={"tenant": cast.fabrikam.id, "ring": "all"}).status_code == 201
    assert root.post(path, json={"tenant": 99, "ring": "all"}).status_code == 404
    assert [row["tenant"]["name"] for row in root.get(path).json["items"]] == ["Fabrikam", "Contoso"]
    assert [row["tenant"]["name"] for row in manager.get(path).json["items"]] == ["Contoso"]
    own = f"{path}/{cast.contoso.id}"
    assert other.get(own).status_code == 403
    assert manager.post(f"{own}/ring", json={"ring": "early"}).json["ring"] == "early"
    assert manager.post(f"{own}/values", json={"values": {"prefix": "x" * 61}}).status_code == 422
    assert manager.post(f"{own}/values", json={"values": {"prefix": "CT"}}).json["parameters"][0]["value"] == "CT"
    assert manager.post(f"{own}/links", json={"key": "a", "graph_id": "nowhere"}).status_code == 422
    [item] = manager.post(f"{own}/links", json={"key": "a", "graph_id": THERE}).json["items"]
    assert (item["key"], item["policy"] is not None, item["state"]) == ("a", True, None)
    assert manager.post(f"{own}/links", json={"key": "a", "graph_id": None}).json["items"][0]["is_declined"]
    assert manager.post(f"{own}/leave").json["ring"] == "early"
    assert [row.tenant_id for row in StandardAdoption.select()] == [cast.fabrikam.id]
