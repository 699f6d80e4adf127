"""`/standards/{id}/matrix`: a program reads the cells of its tenants, page by page, and no score."""

from db.models import User
from db.standards import cells
from db.standards.cells import CellFinding
from db.states import CellState, Ring, SiteRole
from tests.support.standard_rows import CATALOG, catalog_body, follow, item_of, new_standard, version_of

A, D = CellState.ALIGNED, CellState.DIFFERS
PLACES = [{"path": "body/description", "label": "Description", "how": "changed"}]


def test_cells_by_page_and_filter_and_only_what_the_token_may_see(cast, api):
    standard = new_standard()
    version = version_of(standard, item_of("a", catalog_body("Disk")), item_of("b", catalog_body("Ring")))
    ours = follow(standard, cast.contoso, Ring.PILOT, version=version)
    theirs = follow(standard, cast.fabrikam, Ring.ALL)
    differs = CellFinding("a", CATALOG, "Disk", D, "why", difference_count=1, places=PLACES)
    cells.save(ours, [differs, CellFinding("b", CATALOG, "Ring", A)], None)
    cells.save(theirs, [CellFinding("a", CATALOG, "Disk", CellState.STALE, "old")], None)
    path = f"/standards/{standard.id}/matrix"
    root, manager, other = api(cast.root), api(cast.max), api(cast.audra)

    def seen(client, query=""):
        return [
            (row["tenant"]["name"], row["item_key"], row["state"]) for row in client.get(path + query).json["items"]
        ]

    whole = seen(root)
    assert sorted(whole) == [("Contoso", "a", D), ("Contoso", "b", A), ("Fabrikam", "a", "stale")]
    first = root.get(f"{path}?limit=1").json
    second = root.get(first["next"].removeprefix("/api/v1")).json
    assert [row["id"] for row in (*first["items"], *second["items"])] == sorted(
        (row["id"] for row in root.get(path).json["items"]), reverse=True
    )[:2]
    assert seen(manager) == [row for row in whole if row[0] == "Contoso"]
    assert seen(root, "?state=differs") == [("Contoso", "a", D)]
    assert seen(root, "?ring=all&policy_type=x") == []
    assert seen(root, f"?tenant={cast.fabrikam.id}") == [("Fabrikam", "a", "stale")]
    assert root.get(f"{path}?state=perfect").status_code == 400
    [row] = manager.get(f"{path}?state=differs").json["items"]
    assert (row["places"], row["why"], row["version"], row["differences"]) == (["Description"], "why", 1, 1)
    assert other.get(path).status_code == 403

    summary = manager.get(f"{path}/summary").json
    assert summary["rings"] == [{"name": "pilot", "tenants": 1, "unlooked": 0, "states": {"differs": 1, "aligned": 1}}]
    assert [group["name"] for group in root.get(f"{path}/summary").json["rings"]] == ["pilot", "all"]
    User.update(site_role=SiteRole.STANDARD_EDITOR).where(User.id == cast.audra.id).execute()
    rows = api(cast.audra).get(path).json["items"]
    assert len(rows) == 3
    assert {(row["why"], tuple(row["places"]), row["policy"]) for row in rows} == {("", (), None)}
