"""A rehearsal never tells which tenant its lab is: its reader may be nobody there."""

import pytest

from db.models import Rehearsal, RehearsalSample
from web.api.representations import rehearsals

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_neither_the_lab_nor_its_objects_are_told(cast):
    row = Rehearsal.create(tenant=cast.contoso, lab_id=cast.fabrikam.id, lab_restore_id=7)
    RehearsalSample.create(rehearsal=row, policy_type="x", graph_id="1", name="VPN", lab_object_id="51300001")
    told = rehearsals.details(row, 10)
    assert told["has_lab"]
    assert not {"lab", "lab_id", "lab_restore"} & told.keys()
    assert "51300001" not in str(told)
