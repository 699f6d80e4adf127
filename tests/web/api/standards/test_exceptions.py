"""`/standards/{id}/exceptions`: a program asks for one, another person's approves and ends it."""

from db.audit.audit import SYSTEM
from db.standards import adoptions
from db.states import Ring, SiteRole
from tests.support.following import CATALOG, standard_of


def test_an_exception_is_asked_for_approved_by_another_and_ended(cast, api):
    standard, _ = standard_of({"a": (CATALOG, {"name": "Ring"}, {})})
    for tenant in (cast.contoso, cast.fabrikam):
        adoptions.adopt(standard, tenant, Ring.ALL, SYSTEM)
    cast.ada.site_role = cast.sam.site_role = SiteRole.STANDARD_APPROVER
    cast.ada.save()
    cast.sam.save()
    operator, approver = api(cast.ada), api(cast.sam)
    path, listed = (
        f"/standards/{standard.id}/tenants/{cast.contoso.id}/exceptions",
        f"/standards/{standard.id}/exceptions",
    )
    asked = {"key": "a", "kind": "otherwise", "reason": "CAB", "until": "2099-01-31T12:00:00+02:00"}
    assert operator.post(path, json=asked).status_code == 422
    made = operator.post(path, json={**asked, "paths": ["body/settings"]})
    assert (made.status_code, made.json["until"], made.json["approved_at"]) == (201, "2099-01-31T10:00:00Z", None)
    assert approver.post(path, json=asked).status_code == 403
    number = made.json["id"]
    assert "somebody else" in operator.post(f"{listed}/{number}/approve").json["detail"]
    assert approver.post(f"{listed}/{number}/approve").json["approved_at"]
    assert [row["id"] for row in approver.get(listed).json["items"]] == [number]
    assert [row["id"] for row in api(cast.max).get(listed).json["items"]] == [number]
    assert api(cast.max).post(f"{listed}/{number}/end", json={"reason": "x"}).status_code == 403
    assert approver.post(f"{listed}/{number}/end", json={"reason": ""}).status_code == 422
    assert approver.post(f"{listed}/{number}/end", json={"reason": "over"}).json["ended_at"]
    assert approver.get(listed).json["items"] == []
    assert approver.post(f"{listed}/99/approve").status_code == 404
