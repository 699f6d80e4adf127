"""Parameters of a standard in one tenant: values that are checked, and objects that are mapped."""

import pytest

from actors.standards import parameter_values
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.errors import Invalid
from db.models import DirectoryName, StandardAdoption
from db.restores import mappings
from db.standards import adoptions
from db.states import Ring
from tests.support.following import CATALOG, standard_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GROUP, TARGET = "00000001-2222-4222-8222-222222222222", "00000011-2222-4222-8222-222222222222"
PARAMETERS = [
    {"name": "prefix", "kind": "prefix", "label": "Prefix", "default": "ST - ", "object": None, "places": [{}]},
    {"name": "days", "kind": "number", "label": "Days", "default": 7, "object": None, "places": [{}, {}]},
    {"name": "mail", "kind": "address", "label": "Mail", "default": "it@a.example", "object": None, "places": []},
    {"name": "group", "kind": "object", "label": GROUP, "default": None, "places": [],
     "object": {"kind": "groups", "id": GROUP}},
]  # fmt: skip


def test_a_value_is_checked_kept_and_given_back_and_an_object_is_a_mapping(cast):
    items = {"k": (CATALOG, {"name": "ST - Ring"}, {"groups": {GROUP: "All managers"}})}
    standard, _ = standard_of(items, parameters=PARAMETERS)
    adoption = adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    DirectoryName.create(tenant=cast.contoso, kind="groups", object_id=TARGET, name="Managers, all", asked_at=utcnow())
    rows = parameter_values.here(adoption)
    assert [(row.label, row.value, row.is_own, row.places) for row in rows] == [
        ("Prefix", "ST - ", False, 1), ("Days", 7, False, 2), ("Mail", "it@a.example", False, 0),
        ("All managers", None, False, 0),
    ]  # fmt: skip
    assert parameter_values.proposals(adoption, rows) == {"group": [(TARGET, "Managers, all")]}
    StandardAdoption.update(due_since=None).execute()
    given = {"prefix": "", "days": " 14 ", "mail": "it@a.example", "group": TARGET}
    actor = Actor("Max", cast.max.id)
    assert parameter_values.set_here(adoption, given, actor) == ["Days", "Prefix", "All managers"]
    assert (StandardAdoption.get().values, StandardAdoption.get().due_since is None) == (
        {"prefix": "", "days": 14},
        False,
    )
    assert mappings.targets_by_key(cast.contoso, standard.uid) == {("groups", GROUP): TARGET}
    own = [(row.value, row.is_own, row.value_name) for row in parameter_values.here(adoption)]
    assert own == [("", True, None), (14, True, None), ("it@a.example", False, None), (TARGET, True, "Managers, all")]
    assert parameter_values.set_here(adoption, {"days": "7", "group": ""}, actor) == ["Days"]
    for wrong, said in (({"days": "x"}, "no whole number"), ({"mail": "nobody"}, "no e-mail"), ({"no": "1"}, "“no”"),
                        ({"group": "All managers"}, "“All managers” is no object id of this kind")):  # fmt: skip
        with pytest.raises(Invalid, match=said):
            parameter_values.set_here(adoption, {"prefix": "CT", **wrong}, actor)
    assert StandardAdoption.get().values == {"prefix": ""}, "all or none"
