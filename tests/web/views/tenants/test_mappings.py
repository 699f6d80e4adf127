"""Mappings: what a preview could not find, what is called alike, and what a person says stands for it."""

import pytest

from actors.plans import drafts
from db.accounts import users
from db.audit.audit import SYSTEM
from db.models import AuditEvent, DirectoryName, Mapping, Restore, RestoreItem, StandardAdoption
from db.restores import mappings, restore_items
from db.runs import name_cache
from db.standards import adoptions, standards
from db.states import Ring, Role
from tests.support.forms import csrf_token
from tests.support.restore_steps import options

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GROUP = "aaaaaaaa-0000-4000-8000-000000000001"
PILOT = "bbbbbbbb-0000-4000-8000-000000000002"
TYPED = "eeeeeeee-0000-4000-8000-000000000005"


@pytest.fixture
def restore(cast, captured):
    """Into Contoso from Fabrikam; its preview found no group SG-Pilot."""
    snapshot = captured[2][2]
    made = drafts.from_snapshot(snapshot, cast.contoso, options(), SYSTEM)
    unresolved = {"kind": "groups", "id": GROUP, "name": "SG-Pilot", "how": "unresolved", "to": None, "to_name": None,
                  "item": None, "is_assignment": True, "why": "It is not there."}  # fmt: skip
    RestoreItem.update(action="blocked", reason="unresolved", resolutions=[unresolved]).execute()
    Restore.update(state="previewed").execute()
    name_cache.save_names(cast.contoso, {"groups": {PILOT: "SG Pilot Users", "c" * 36: "Something else"}})
    return made


@pytest.fixture
def path(cast, restore):
    return f"/tenants/{cast.contoso.id}/mappings/{restore.source_directory_id}"


def send(client, path, **data):
    return client.post(path, data={"csrf_token": csrf_token(client, "/"), **data})


def test_a_manager_says_what_stands_for_what_was_not_found(client, sign_in, cast, restore, path):
    sign_in(client, cast.max)
    assert path in client.get(f"/restores/{restore.id}").get_data(as_text=True)
    item = restore_items.items(restore)[0]
    page = client.get(f"/restores/{restore.id}/items/{item.id}").get_data(as_text=True)
    assert "cannot be found. It is not there." in page
    page = client.get(path).get_data(as_text=True)
    assert "SG-Pilot" in page
    assert f'<option value="{PILOT}">SG Pilot Users</option>' in page
    assert "Something else" not in page
    assert send(client, path, kind="groups", source_id=GROUP, target_id=PILOT, typed_id="").status_code == 303
    made = Mapping.get()
    assert (made.source_name, made.target_id, made.target_name, made.set_by) == (
        "SG-Pilot", PILOT, "SG Pilot Users", cast.max)  # fmt: skip
    assert AuditEvent.get(AuditEvent.action == "mapping:set").tenant_id == cast.contoso.id
    page = client.get(path).get_data(as_text=True)
    assert "a replacement</h2>" not in page
    assert f"/restores/{restore.id}/preview" not in page, "it is from a tenant that he does not manage"
    users.set_member(cast.max, cast.fabrikam, Role.MANAGER, SYSTEM)
    assert f"/restores/{restore.id}/preview" in client.get(path).get_data(as_text=True)
    assert (
        send(client, path, kind="groups", source_id=GROUP, target_id=PILOT, typed_id=TYPED.upper()).status_code == 303
    )
    assert Mapping.get().target_id == TYPED
    assert send(client, f"{path}/{made.id}/remove").status_code == 303
    assert not Mapping.select().exists()


def test_a_mapping_without_both_sides_of_nothing_known_or_of_what_is_no_id_is_refused(client, sign_in, cast, path):
    sign_in(client, cast.max)
    for form, sentence in (
        ({"kind": "groups", "source_id": GROUP}, "on both sides"),
        ({"kind": "nonsense"}, "Choose what"),
        ({"kind": "groups", "source_id": GROUP, "target_id": "SG Pilot Users"}, "“SG Pilot Users” is no object id"),
        ({"kind": "groups", "source_id": "SG-Pilot", "target_id": PILOT}, "An object id is a GUID such as"),
        ({"kind": "roleScopeTags", "source_id": "1", "typed_id": PILOT}, "The id of a scope tag is a whole number"),
    ):
        answer = send(client, path, **form)
        assert (answer.status_code, sentence in answer.get_data(as_text=True)) == (400, True)
    assert not Mapping.select().exists()


def test_operators_look_and_say_nothing_and_names_of_others_tenants_stay_theirs(app, sign_in, cast, restore, path):
    operator, admin = sign_in(app.test_client(), cast.ada), sign_in(app.test_client(), cast.root)
    index = f"/tenants/{cast.contoso.id}/mappings/"
    page = operator.get(path).get_data(as_text=True)
    assert "SG-Pilot" in page
    assert f'action="{path}"' not in page
    assert send(operator, path, kind="groups", source_id=GROUP, target_id=PILOT).status_code == 403
    assert "Fabrikam" not in operator.get(index).get_data(as_text=True)
    assert "Fabrikam" in admin.get(index).get_data(as_text=True)
    assert admin.get(f"{index}cccccccc-0000-4000-8000-000000000001").status_code == 404


def test_a_mapping_is_removed_below_its_own_pair_only(client, sign_in, cast, restore, path):
    mappings.set_mapping(cast.contoso, cast.contoso.directory_id, ("groups", GROUP), PILOT, SYSTEM)
    sign_in(client, cast.root)
    assert send(client, f"{path}/{Mapping.get().id}/remove").status_code == 404
    foreign = f"/tenants/{cast.fabrikam.id}/mappings/{cast.contoso.directory_id}/{Mapping.get().id}/remove"
    assert send(client, foreign).status_code == 404
    assert Mapping.select().exists()


def test_of_a_directory_that_is_another_tenants_only_the_id_is_shown(client, sign_in, cast):
    mappings.set_mapping(cast.contoso, cast.fabrikam.directory_id, ("groups", "one"), "other", SYSTEM)
    for who, sees in ((cast.max, False), (cast.root, True)):
        sign_in(client, who)
        for path in ("", f"{cast.fabrikam.directory_id}"):
            page = client.get(f"/tenants/{cast.contoso.id}/mappings/{path}")
            assert page.status_code == 200
            assert ("Fabrikam" in page.get_data(as_text=True).partition("<main")[2]) == sees, path


def test_all_that_is_chosen_on_the_page_is_saved_at_once_and_what_is_left_open_stays_open(
    client, sign_in, cast, restore, path
):
    ids = [f"aaaaaaaa-0000-4000-8000-00000000010{number}" for number in range(3)]
    found = {"kind": "users", "how": "unresolved", "to": None, "to_name": None, "item": None, "is_assignment": False}
    names = ("max@fabrikam.example", "eve@fabrikam.example", None)
    lacking = [{**found, "id": one, "name": name, "why": "x"} for one, name in zip(ids, names, strict=True)]
    RestoreItem.update(resolutions=lacking).execute()
    mine, others = "dddddddd-0000-4000-8000-000000000001", "dddddddd-0000-4000-8000-000000000002"
    for object_id, name in ((mine, "Max Manager (max@contoso.example)"), (others, "rita@contoso.example")):
        DirectoryName.create(tenant=cast.contoso, kind="users", object_id=object_id, name=name)
    sign_in(client, cast.max)
    page = client.get(path).get_data(as_text=True)
    assert "3 references need a replacement" in page
    assert f'<option value="{mine}">Max Manager (max@contoso.example)</option>' in page
    assert others not in page, "the domain is nobody's name"
    assert "Unknown user (aaaa…)" in page
    form = {"kind": ["users"] * 3, "source_id": ids}
    answer = send(client, path, **form, target_id=["", "", ""], typed_id=["", "", ""])
    assert (answer.status_code, "at least one" in answer.get_data(as_text=True)) == (400, True)
    assert send(client, path, **form, target_id=[mine, "", ""], typed_id=["", "", TYPED]).status_code == 303
    saved = {row.source_id: (row.target_id, row.target_name) for row in Mapping.select()}
    assert saved == {ids[0]: (mine, "Max Manager (max@contoso.example)"), ids[2]: (TYPED, None)}
    assert "1 reference needs a replacement" in client.get(path).get_data(as_text=True)


def test_nothing_is_saved_where_one_of_several_is_of_nothing_known(client, sign_in, cast, path):
    sign_in(client, cast.max)
    form = {"kind": ["groups", "nonsense"], "source_id": [GROUP, "x"], "target_id": [PILOT, PILOT]}
    assert send(client, path, **form).status_code == 400
    assert not Mapping.select().exists()


def test_a_mapping_of_a_standard_has_the_tenant_compared_with_it_again(client, sign_in, cast):
    standard = standards.create("Baseline", "", SYSTEM)
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    mappings.set_mapping(cast.contoso, standard.uid, ("groups", GROUP), GROUP, SYSTEM)
    path = f"/tenants/{cast.contoso.id}/mappings/{standard.uid}"
    sign_in(client, cast.max)
    for act in (
        lambda: send(client, path, kind="groups", source_id=GROUP, target_id=PILOT, typed_id=""),
        lambda: send(client, f"{path}/{Mapping.get().id}/remove"),
    ):
        StandardAdoption.update(due_since=None).execute()
        assert act().status_code == 303
        assert StandardAdoption.get_by_id(adoption.id).due_since is not None
