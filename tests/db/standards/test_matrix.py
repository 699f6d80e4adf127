"""The matrix: who is meant, in which order, what is counted of groups, which items, and nobody else's cells."""

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import StandardAdoption, Tenant
from db.standards import cells, matrix
from db.standards.cells import CellFinding
from db.standards.matrix import MatrixFilter
from db.states import CellState, Ring
from db.tenants import tags
from tests.support.standard_rows import ACCESS, CATALOG, catalog_body, follow, item_of, new_standard, version_of

pytestmark = pytest.mark.usefixtures("lock_order")
A, D, M = CellState.ALIGNED, CellState.DIFFERS, CellState.MISSING


def has_cells(adoption, **states):
    found = [
        CellFinding(key, CATALOG if key != "ca" else ACCESS, f"Item {key}", state) for key, state in states.items()
    ]
    cells.save(adoption, found, None)


def test_groups_rows_and_columns(cast):
    standard, other = new_standard(), new_standard("Other")
    old = version_of(standard, item_of("gone", catalog_body("Gone since")), item_of("a", catalog_body("Old name")))
    version_of(standard, item_of("ca", {"displayName": "MFA"}, ACCESS), item_of("a", catalog_body("Disk")))
    third = Tenant.create(name="Adatum", directory_id="dir-3", client_id="app-3")
    last = Tenant.create(name="Zebra", directory_id="dir-4", client_id="app-4", removing_since=utcnow())
    ours = follow(standard, cast.contoso, Ring.ALL, version=old)
    theirs = follow(standard, cast.fabrikam, Ring.PILOT)
    new = follow(standard, third, Ring.ALL)
    follow(standard, last)
    has_cells(follow(other, cast.contoso), x=D)
    has_cells(ours, gone=A, a=D)
    has_cells(theirs, ca=M, a=A)
    tags.replace(cast.contoso, ["Gold", "Berlin"], SYSTEM)
    tags.replace(cast.fabrikam, ["gold"], SYSTEM)

    def names(wanted, ids=None):
        return [row.tenant.name for row in matrix.followers(standard, wanted, ids)]

    assert names(MatrixFilter()) == ["Fabrikam", "Adatum", "Contoso"]
    assert names(MatrixFilter(), [cast.contoso.id]) == ["Contoso"]
    assert names(MatrixFilter(ring="all")) == ["Adatum", "Contoso"]
    assert names(MatrixFilter(folded_tag="gold")) == ["Fabrikam", "Contoso"]
    assert names(MatrixFilter(state="missing")) == ["Fabrikam"]
    assert names(MatrixFilter(words=["tos"])) == ["Contoso"]

    rows = matrix.followers(standard, MatrixFilter())
    groups = {group.name: (group.tenants, group.unlooked, group.states) for group in matrix.by_ring(rows)}
    assert groups == {
        "pilot": (1, 0, {"missing": 1, "aligned": 1}), "all": (2, 1, {"differs": 1, "aligned": 1}),
    }  # fmt: skip
    tagged = {group.name.casefold(): (group.tenants, group.cells) for group in matrix.by_tag(rows)}
    assert tagged == {"berlin": (1, 2), "gold": (2, 4), "": (1, 0)}

    def keys(wanted):
        return [item.key for item in matrix.columns(standard, wanted, matrix.followers(standard, wanted))]

    assert keys(MatrixFilter()) == ["ca", "a", "gone"], "as the newest version has them, then what others are held to"
    assert keys(MatrixFilter(state="differs")) == ["a"]
    assert keys(MatrixFilter(policy_type=ACCESS)) == ["ca"]
    assert keys(MatrixFilter(item_words=["gone"])) == ["gone"]
    shown = matrix.cells_of([ours, new], ["a"])
    assert {key: cell.state for key, cell in shown.items()} == {(ours.id, "a"): D}
    every = [(row.tenant.name, cell.item_key) for row, cell in matrix.every_cell(rows)]
    assert every == [("Fabrikam", "ca"), ("Fabrikam", "a"), ("Contoso", "a"), ("Contoso", "gone")]
    assert StandardAdoption.get_by_id(new.id).checked_at is None
