"""The matrix: what each reader sees of it, how it is narrowed, and the files of all its cells."""

import csv
import io

import pytest

from actors.standards.comparing import compare
from db.audit.audit import SYSTEM
from db.models import StandardAdoption, User
from db.standards import cells
from db.standards.cells import CellFinding
from db.states import CellState, Ring, SiteRole
from db.tenants import tags
from tests.support.standard_rows import (
    CATALOG,
    assigned,
    catalog_body,
    follow,
    guid,
    has,
    item_of,
    listed_now,
    new_standard,
    version_of,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DISK, HOSTILE = "Disk", "=cmd|' /C calc'!A0 <b>&"


@pytest.fixture
def standard(cast):
    """Contoso has one of three items aligned, one otherwise, one not; nobody has looked at Fabrikam yet."""
    made = new_standard("Baseline <i>")
    names = (DISK, HOSTILE, "Not there")
    version_of(made, *(item_of(str(number), catalog_body(name, "wanted")) for number, name in enumerate(names)))
    ours = follow(made, cast.contoso)
    follow(made, cast.fabrikam, Ring.ALL)
    has(ours, "0", guid(1), catalog_body(DISK, "wanted"))
    has(ours, "1", guid(2), catalog_body(HOSTILE, "secret project"), assignments=assigned(guid(3)))
    listed_now(cast.contoso, CATALOG)
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    compare(ours.id)
    return made


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_members_see_their_rows_and_editors_the_states_of_all_and_nobody_a_secret(client, sign_in, cast, standard):
    address = f"/standards/{standard.id}/matrix"
    sign_in(client, cast.rita)
    page = text(client, address)
    assert "Baseline &lt;i&gt;: matrix" in page
    assert "Fabrikam" not in page
    assert "=cmd|&#39; /C calc&#39;!A0 &lt;b&gt;&amp;" in page
    assert page.count('class="cell"') == 3
    assert "1 differs" in " ".join(page.split())
    assert f"/standards/{standard.id}/tenants/{cast.contoso.id}/difference?key=1" in page
    assert "Gold" in text(client, f"{address}?group=tag")
    for narrowed, count in (("state=missing", 1), ("ring=pilot&item=Disk", 1), ("tag=gold&q=nobody", 0), ("type=x", 0)):
        assert text(client, f"{address}?{narrowed}").count('class="cell"') == count, narrowed
    assert client.get(f"{address}?state=nonsense&page=-3&items=99999").status_code == 200

    User.update(site_role=SiteRole.STANDARD_EDITOR).where(User.id == cast.rita.id).execute()
    page = text(client, address)
    assert "Fabrikam" in page
    assert "not looked at yet" in page
    assert "secret project" not in page
    sign_in(client, cast.audra)
    assert client.get(address).status_code == 403


def test_all_cells_as_files_with_nothing_that_the_reader_may_not_see_and_no_formula(client, sign_in, cast, standard):
    address = f"/standards/{standard.id}/matrix/export"
    sign_in(client, cast.rita)
    answer = client.get(f"{address}/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.mimetype == "text/csv"
    assert [row["state"] for row in rows] == ["differs", "aligned", "missing"]
    assert rows[0]["item"] == "'" + HOSTILE
    assert "Description" in rows[0]["places"]
    assert "secret project" not in answer.text
    document = client.get(f"{address}/json?state=differs").get_json()
    assert [(row["tenant_name"], row["item"], row["differences"]) for row in document["cells"]] == [
        ("Contoso", HOSTILE, 2)
    ]
    # An editor of standards without a role in the tenant sees states, and nothing of what is inside.
    sign_in(client, cast.audra)
    User.update(site_role=SiteRole.STANDARD_EDITOR).where(User.id == cast.audra.id).execute()
    rows = client.get(f"{address}/json").get_json()["cells"]
    assert [(row["tenant_name"], row["state"]) for row in rows if row["state"] == "not_looked_at"] == [
        ("Fabrikam", "not_looked_at")
    ]
    differs = next(row for row in rows if row["state"] == "differs")
    assert (differs["places"], differs["policy"], differs["snapshot"], differs["differences"]) == ([], None, None, 2)
    assert client.get(f"{address}/xlsx").status_code == 404


def test_a_page_of_many_shows_some_of_both_and_reads_no_more_cells(client, sign_in, cast):
    made = new_standard("Many")
    version_of(made, *(item_of(f"k{number}", catalog_body(f"Item {number:03}")) for number in range(30)))
    adoption = follow(made, cast.contoso)
    found = [CellFinding(f"k{number}", CATALOG, f"Item {number:03}", CellState.ALIGNED) for number in range(30)]
    cells.save(adoption, found, None)
    sign_in(client, cast.rita)
    first = text(client, f"/standards/{made.id}/matrix")
    assert first.count('class="cell"') == 8
    assert "Items 1 to 8 of 30" in " ".join(first.split())
    last = text(client, f"/standards/{made.id}/matrix?items=3")
    assert "Item 029" in last
    assert "More items" not in last
    assert StandardAdoption.get_by_id(adoption.id).counts == {"aligned": 30}
