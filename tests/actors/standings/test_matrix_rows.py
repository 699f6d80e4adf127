"""Rows of a matrix for other programs: a tenant that nobody looked at is one, and lists become words in a line."""

import pytest

from actors.standings import matrix_rows
from db.standards import cells
from db.standards.cells import CellFinding
from db.standards.matrix import MatrixFilter
from db.states import CellState
from tests.support.standard_rows import CATALOG, catalog_body, follow, item_of, new_standard, version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PLACES = [{"path": "body/a", "label": "A", "how": "added"}, {"path": "body/b", "label": "B", "how": "changed"}]


def test_rows_are_whole_and_hold_no_more_than_their_reader_may_see(cast):
    standard = new_standard()
    version = version_of(standard, item_of("a", catalog_body("Disk")))
    adoption = follow(standard, cast.contoso, version=version)
    follow(standard, cast.fabrikam)
    differs = CellFinding("a", CATALOG, "Disk", CellState.DIFFERS, "why", difference_count=2, places=PLACES)
    cells.save(adoption, [differs], None)

    def rows(sees=True, **wanted):
        return list(matrix_rows.rows_of(standard, MatrixFilter(**wanted), None, lambda _tenant_id: sees))

    unlooked, cell = rows()
    assert (unlooked.tenant_name, unlooked.state, unlooked.version) == ("Fabrikam", "not_looked_at", None)
    assert (cell.version, cell.differences, cell.places, cell.why) == (1, 2, ["A", "B"], "why")
    assert matrix_rows.flat(cell)[matrix_rows.COLUMNS.index("places")] == "A; B"
    assert [row.state for row in rows(state="differs")] == ["differs"]
    assert rows(state="aligned") == []
    [_, blind] = rows(sees=False)
    assert (blind.state, blind.places, blind.why) == ("differs", [], "")
