"""`/standards/{id}/tenants/{id}/keep`: a program of a manager says what is put back by itself, and nobody else's."""

import pytest

from actors.standards.comparing import compare
from db.models import Restore, RestoreItem, StandardCell
from db.standards import keeping
from tests.support.standard_rows import catalog_body, follow, guid, has, item_of, new_standard, version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_manager_s_program_chooses_what_is_kept_and_how_often(cast, api):
    standard = new_standard()
    version_of(standard, item_of("disk", catalog_body("Disk")))
    adoption = follow(standard, cast.contoso)
    own = f"/standards/{standard.id}/tenants/{cast.contoso.id}"
    max_, rita = api(cast.max), api(cast.rita)
    put_back = {"key": "disk", "keep": "put_back"}
    assert max_.post(f"{own}/keep", json=put_back).status_code == 404, "nobody has compared it yet"
    has(adoption, "disk", guid(1), catalog_body("Disk"))
    compare(adoption.id)
    refused = max_.post(f"{own}/keep", json=put_back)
    assert (refused.status_code, keeping.NEVER_PUT_BACK in str(refused.json)) == (422, True)
    cell = StandardCell.get()
    about = {"source_directory_id": "x", "source_name": "x", "state": "finished", "options": {}}
    restore = Restore.create(tenant=cast.contoso, **about)
    RestoreItem.create(
        restore=restore, policy_type=cell.policy_type, graph_id="disk", name="Disk",
        references={}, action="update", target_id=cell.policy.graph_id, outcome="updated", verified=True,
    )  # fmt: skip
    assert rita.post(f"{own}/keep", json=put_back).status_code == 403
    assert [row["keep"] for row in max_.post(f"{own}/keep", json=put_back).json["items"]] == ["put_back"]
    assert max_.post(f"{own}/keep", json={**put_back, "keep": "tell"}).json["items"][0]["keep"] == "tell"
    assert max_.post(f"{own}/keep-limit", json={"put_backs_a_day": 0}).json["put_backs_a_day"] == 0
    assert max_.post(f"{own}/keep-limit", json={"put_backs_a_day": 51}).status_code == 422
