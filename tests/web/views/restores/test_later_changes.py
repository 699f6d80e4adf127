"""`/tenants/<id>/changes`: a fresh look, and putting back what somebody broke."""

import pytest

from db.models import Restore, RestoreItem, Run
from db.states import RunKind
from tests.support.forms import csrf_token


def address(cast, rest=""):
    return f"/tenants/{cast.contoso.id}/changes{rest}"


def post(client, cast, act, **data):
    token = csrf_token(client, "/account/")
    return client.post(address(cast, act), data={"csrf_token": token, **data})


def test_what_is_ticked_becomes_a_restore_of_the_versions_that_were_right(client, sign_in, cast, broken):
    answer = post(sign_in(client, cast.ada), cast, "/put-back", version=[one.id for one in broken])
    restore = Restore.get()
    assert answer.headers["Location"] == f"/restores/{restore.id}"
    assert {item.snapshot_id for item in RestoreItem.select()} == {one.id for one in broken}
    assert (restore.options["assignments"], restore.options["conditional_access"]) == ("exact", "as captured")
    assert Run.get(Run.restore_id == restore.id).kind == RunKind.PREVIEW


@pytest.mark.parametrize(("wanted", "count"), [({}, 2), ({"kind": "deleted"}, 1), ({"search": "policy 1"}, 1)])
def test_all_that_is_listed_can_be_put_back_without_a_tick_for_each(client, sign_in, cast, broken, wanted, count):
    post(sign_in(client, cast.ada), cast, "/put-back", all="yes", **wanted)
    assert RestoreItem.select().count() == count


def test_nothing_ticked_is_said_and_nothing_made(client, sign_in, cast, broken):
    answer = post(sign_in(client, cast.ada), cast, "/put-back")
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Tick what is to be put back." in page
    assert Restore.select().count() == 0


def test_a_version_of_another_tenant_is_refused(client, sign_in, cast, broken, captured):
    foreign = captured[2][2]
    sign_in(client, cast.ada)
    assert post(client, cast, "/put-back", version=foreign.id).status_code == 403
    sign_in(client, cast.root)
    assert post(client, cast, "/put-back", version=foreign.id).status_code == 400
    assert Restore.select().count() == 0


def test_look_now_starts_one_look_which_the_page_follows_also_without_a_script(client, sign_in, cast, broken):
    sign_in(client, cast.ada)
    for _ in range(2):
        answer = post(client, cast, "/look")
    page = client.get(answer.headers["Location"]).get_data(as_text=True)
    assert Run.select().where(Run.kind == RunKind.LOOK).count() == 1
    assert "data-reload" in page
    assert 'http-equiv="refresh"' in page
    assert "Look now" not in page
