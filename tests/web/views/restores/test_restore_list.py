"""Lists of restores: what they say of each is looked up for all of them at once."""

import pytest

from db.models import Rehearsal, Restore, Run
from db.states import RestoreState, RunKind, RunState

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
