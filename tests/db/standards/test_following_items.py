"""Items of a standard beside what they are in a tenant."""

from db.audit.audit import SYSTEM
from db.models import Policy, StandardAdoption, StandardCell
from db.restores import mappings
from db.standards import adoptions, following_items
from db.states import CellState, PolicyState, Ring
from tests.support.following import CATALOG, standard_of


def test_an_item_says_how_it_is_there_and_what_nobody_has_said(cast):
    standard, first = standard_of({key: (CATALOG, {"name": f"Item {key}"}, {}) for key in "abc"})
    _, second = standard_of({key: (CATALOG, {"name": f"New {key}"}, {}) for key in "bcd"}, standard=standard)
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    StandardAdoption.update(version=first).execute()
    adoption = StandardAdoption.get()
    for key, state in (("b", PolicyState.PRESENT), ("c", PolicyState.GONE)):
        Policy.create(tenant=cast.contoso, policy_type=CATALOG, graph_id=f"id {key}", name=f"Here {key}", state=state)
        mappings.remember_found(cast.contoso, standard.uid, {(CATALOG, key): (f"id {key}", "x")}, {})
    mappings.set_mapping(cast.contoso, standard.uid, (CATALOG, "d"), mappings.NONE_OF_THEM, SYSTEM)
    StandardCell.create(adoption=adoption, item_key="b", policy_type=CATALOG, name="n", state=CellState.DIFFERS)
    rows = {row.key: row for row in following_items.items_of(adoption, [first, second])}
    assert {key: (row.name, row.policy_name, row.state, row.is_new, row.is_declined) for key, row in rows.items()} == {
        "a": ("Item a", None, "", False, False),
        "b": ("New b", "Here b", "differs", False, False),
        "c": ("New c", None, "", False, False),
        "d": ("New d", None, "", True, True),
    }
    assert rows["b"].rank < rows["a"].rank
