"""Lists of restores: what they say of each is looked up for all of them at once."""

import csv
import re

import pytest

from actors.plans import restore_results
from db.models import Rehearsal, Restore, Run
from db.restores import undos
from db.states import RestoreState, RunKind, RunState
from tests.support import restore_steps, undone_restores

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# As a person finds them: the list, what is exported of it, a tenant's own, and those from one directory.
PLACES = ("/restores/", "/restores/export/csv/", "/tenants/{tenant}/restores", "/tenants/{tenant}/mappings/elsewhere")


@pytest.fixture
def more(cast):
    """A function that adds restores of each sort: three that have ended, each asked for by a rehearsal of its own."""

    def add():
        for _ in range(3):
            restore = Restore.create(
                tenant=cast.contoso,
                source_directory_id="elsewhere",
                source_name="Elsewhere",
                options={},
                state=RestoreState.FINISHED,
                rehearsal_id=Rehearsal.create(tenant=cast.contoso).id,
            )
            Run.create(
                tenant=cast.contoso,
                kind=RunKind.RESTORE,
                dedupe_key=f"restore:{restore.id}",
                restore_id=restore.id,
                state=RunState.SUCCEEDED,
            )

    return add


@pytest.mark.parametrize("place", PLACES)
def test_more_restores_take_no_more_statements(client, sign_in, cast, more, statements, place):
    sign_in(client, cast.root)
    more()
    path = place.format(tenant=cast.contoso.id)
    seen = client.get(path)
    assert (seen.status_code, seen.get_data(as_text=True).count("finished") >= 3) == (200, True)
    few = statements(lambda: client.get(path))
    more()
    assert statements(lambda: client.get(path)) == few


OURS = "Put back by itself: Standard Base, version 1"


@pytest.mark.parametrize(
    ("columns", "reason", "shown"),
    [
        ({"rehearsal_id": 4}, "Rehearsal 4", "Probe 4"),
        ({"rehearsal_id": None}, "Rehearsal 4", "Rehearsal 4"),
        ({"rehearsal_id": None, "is_by_itself": True}, OURS, "Von selbst zurückgesetzt: Standard Base, Version 1"),
        ({"rehearsal_id": None, "is_by_itself": True, "approved_by": 1}, OURS, OURS),
    ],
    ids=["a rehearsal's", "a person's", "a standard's", "an approver's"],
)
def test_a_reason_of_ours_is_in_the_readers_language_and_a_persons_as_it_was_typed(
    client, sign_in, cast, more, columns, reason, shown
):
    sign_in(client, cast.root)
    more()
    Restore.update(reason=reason, options=restore_steps.options(), **columns).execute()
    page = client.get(f"/restores/{Restore.get().id}", headers={"Accept-Language": "de"}).text
    title, fact = re.search(r"<h1>(.*?) <small.*?Grund</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL).groups()
    assert (title.strip().partition(", ")[2], fact.strip()) == (shown, shown)


def test_one_that_was_undone_says_so_wherever_its_state_stands(client, sign_in, cast, captured, monkeypatch):
    sign_in(client, cast.root)
    restore = undone_restores.restored(cast, captured)
    weaker = restore_results.Warned(1, "A policy", "It is off.", restore_results.RED)
    monkeypatch.setattr(restore_results, "warnings_after", lambda items, results: [weaker])
    places = [
        "/restores/",
        f"/restores/{restore.id}",
        f"/restores/{restore.id}/plan",
        f"/tenants/{cast.contoso.id}/restores",
        f"/tenants/{cast.contoso.id}/mappings/{cast.contoso.directory_id}",
    ]

    def read(path):
        return client.get(path).get_data(as_text=True)

    assert [path for path in places if "was undone" in read(path)] == []
    assert "It is off." in read(f"/restores/{restore.id}")
    undo = undone_restores.undone(restore, cast)
    assert [path for path in places if "was undone" not in read(path)] == []
    asked = []
    each = undos.that_undid_each
    with monkeypatch.context() as patched:
        patched.setattr(undos, "that_undid_each", lambda rows: asked.append(rows) or each(rows))
        assert "It is off." not in read(f"/restores/{restore.id}"), "nothing is weaker any more"
    assert len(asked) == 1, "its undos and how they stand are worked out at once"
    names, *rows = csv.reader(read("/restores/export/csv/").splitlines())
    assert {row[0]: row[names.index("undone_by")] for row in rows} == {str(restore.id): str(undo.id), str(undo.id): ""}
