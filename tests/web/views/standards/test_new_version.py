"""A version is taken by whoever edits standards and manages the tenant; what cannot be taken loses nothing."""

import pytest

from db.models import PolicyImport, StandardVersion
from db.standards import versions
from db.states import SiteRole
from tests.actors.standards.test_making import snapshot
from tests.support.documents import imported
from tests.support.forms import csrf_token
from tests.support.standard_rows import new_standard

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SCRIPT = "UGFzc3dvcmQgPSBodXNoIyA="


def send(client, address, **form):
    return client.post(address, data={"csrf_token": csrf_token(client, "/notifications/"), **form})


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


@pytest.fixture
def editor(client, sign_in, cast):
    """Max manages Contoso, and edits standards."""
    cast.max.site_role = SiteRole.STANDARD_EDITOR
    cast.max.save()
    sign_in(client, cast.max)
    return client


def test_a_version_is_taken_from_a_tenant_and_the_next_one_changes_it(editor, cast):
    standard = new_standard()
    address = f"/standards/{standard.id}/new-version/"
    first = snapshot(cast.contoso, "deviceConfigurations", "r1", "CTSO - Ring", qualityUpdatesDeferralPeriodInDays=7)
    script = snapshot(cast.contoso, "deviceManagementScripts", "s1", "Script <b>", scriptContent=SCRIPT)
    form_at = send(editor, f"{address}tenant", tenant="conto").location
    page = text(editor, form_at)
    assert "CTSO - Ring" in page
    assert "What becomes of version" not in page
    refused = send(editor, form_at, take=[first.id, script.id], notes="<i>Why", with_assignments="1", prefix="CTSO - ")
    page = refused.get_data(as_text=True)
    assert (refused.status_code, StandardVersion.select().count()) == (400, 0)
    assert "These cannot be taken as they are" in page
    assert "&lt;i&gt;Why" in page, "nothing that was typed or ticked is lost"
    assert page.count('name="take" value="') == 2
    assert page.count("checked") >= 3
    made = send(editor, form_at, take=[first.id, script.id], harmless=[script.id], notes="Why", with_assignments="1")
    assert made.location == f"/standards/{standard.id}/versions/1"
    assert {item.key for item in versions.items(StandardVersion.get())} == {"r1", "s1"}
    assert "Numbers of update rings" in text(editor, made.location)

    again = {"take": [first.id], "from": "newest", "without": ["s1"], "words": "a\nb"}
    stale = send(editor, form_at, after=0, **again)
    assert "Version 1 was made meanwhile" in stale.get_data(as_text=True)
    assert "What becomes of version 1" in text(editor, form_at)
    send(editor, form_at, after=1, **again)
    second = versions.of_number(standard, 2)
    assert [item.key for item in versions.items(second)] == ["r1"]
    assert not second.with_assignments
    lines = send(editor, form_at, after=2, take=[first.id], words="\n".join(map(str, range(30))))
    assert "20 texts at most" in lines.get_data(as_text=True)


def test_a_version_is_taken_from_an_import_and_from_no_tenant_that_one_does_not_manage(editor, cast):
    standard = new_standard()
    address = f"/standards/{standard.id}/new-version"
    row = imported(cast.contoso)
    assert "Old export" in text(editor, f"{address}/")
    page = f"{address}/imports/{row.id}"
    assert "Wi-Fi" in text(editor, page)
    assert "Choose at least one policy." in send(editor, page).get_data(as_text=True)
    [policy] = PolicyImport.get().policies
    assert send(editor, page, take=[policy.id]).location == f"/standards/{standard.id}/versions/1"

    others = imported(cast.fabrikam)
    for refused in (f"{address}/imports/{others.id}", f"{address}/tenants/{cast.fabrikam.id}"):
        assert editor.get(refused).status_code == send(editor, refused, take=[1]).status_code == 403
    assert send(editor, f"{address}/tenant", tenant=str(cast.fabrikam.id)).status_code == 403
    theirs = snapshot(cast.fabrikam, "deviceConfigurations", "f1", "Theirs")
    answer = send(editor, f"{address}/tenants/{cast.contoso.id}", take=[theirs.id], after=1)
    assert f"Snapshot {theirs.id} is not of Contoso." in answer.get_data(as_text=True)
    assert StandardVersion.select().count() == 1


def test_a_manager_who_edits_no_standard_makes_no_version(client, sign_in, cast):
    standard = new_standard()
    sign_in(client, cast.max)
    address = f"/standards/{standard.id}/new-version"
    for page in (f"{address}/", f"{address}/tenants/{cast.contoso.id}"):
        assert client.get(page).status_code == 403
    assert send(client, f"{address}/tenants/{cast.contoso.id}", take=[1]).status_code == 403
