"""A manager chooses on an item's page what happens when somebody changes it; nobody else does."""

import pytest

from actors.standards.comparing import compare
from db.models import Restore, RestoreItem, StandardAdoption, StandardCell
from db.standards import keeping
from tests.support.forms import csrf_token
from tests.support.standard_rows import catalog_body, follow, guid, has, item_of, new_standard, version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def address(cast):
    """The address of Contoso in a standard that it follows, with one item that is as wanted."""
    standard = new_standard()
    version_of(standard, item_of("disk", catalog_body("Disk")))
    adoption = follow(standard, cast.contoso)
    has(adoption, "disk", guid(1), catalog_body("Disk"))
    compare(adoption.id)
    return f"/standards/{standard.id}/tenants/{cast.contoso.id}"


def put_back_by_hand():
    cell = StandardCell.get()
    restore = Restore.create(
        tenant=cell.adoption.tenant, source_directory_id="x", source_name="x", state="finished", options={}
    )
    RestoreItem.create(
        restore=restore, policy_type=cell.policy_type, graph_id="disk", name="Disk", references={}, action="update",
        target_id=cell.policy.graph_id, outcome="updated", verified=True,
    )  # fmt: skip


def test_it_is_offered_once_it_went_well_by_hand_and_chosen_by_a_manager_alone(app, sign_in, cast, address):
    max_, rita, sam = (sign_in(app.test_client(), person) for person in (cast.max, cast.rita, cast.sam))
    item = f"{address}/item?key=disk"
    form = {"key": "disk", "choice": "put_back", "csrf_token": csrf_token(max_, "/")}
    assert keeping.NEVER_PUT_BACK in max_.get(item).get_data(as_text=True)
    answer = max_.post(f"{address}/keep", data=form, follow_redirects=True).get_data(as_text=True)
    assert (keeping.NEVER_PUT_BACK in answer, StandardCell.get().keep) == (True, "tell")
    put_back_by_hand()
    assert "Put it back by itself" in max_.get(item).get_data(as_text=True)
    assert "Put it back by itself" not in rita.get(item).get_data(as_text=True)
    for other in (rita, sam):
        theirs = {**form, "csrf_token": csrf_token(other, "/")}
        assert other.post(f"{address}/keep", data=theirs).status_code == 403
    assert max_.post(f"{address}/keep", data=form).status_code == 303
    assert StandardCell.get().keep == "put_back"
    page = max_.get(item).get_data(as_text=True)
    assert "It is put back by itself" in page
    assert 'value="5"' in page
    limits = {"put_backs_a_day": "0", "csrf_token": form["csrf_token"]}
    assert max_.post(f"{address}/keep-limit", data=limits).status_code == 303
    assert StandardAdoption.get().put_backs_a_day == 0
    for number in ("51", "-1", "x", "٣"):
        answer = max_.post(f"{address}/keep-limit", data={**limits, "put_backs_a_day": number}, follow_redirects=True)
        assert "Choose a number from 0 to 50." in answer.get_data(as_text=True)
    for wrong, status in (({"choice": "always"}, 400), ({"key": "none"}, 404), ({"key": "\x00"}, 400)):
        assert max_.post(f"{address}/keep", data={**form, **wrong}).status_code == status
