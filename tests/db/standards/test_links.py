"""Items that somebody has to say something about wait in their cells."""

from db.audit.audit import SYSTEM
from db.models import Standard, StandardCell
from db.standards import adoptions, links
from db.standards.links import UnsureItem
from db.states import Ring


def test_what_is_unsure_waits_until_it_is_settled(cast):
    adoption = adoptions.adopt(Standard.create(name="Base", uid="u"), cast.contoso, Ring.PILOT, SYSTEM)
    two = [["id 1", "Ring"], ["id 2", "Ring"]]
    for _ in range(2):
        links.save_unsure(adoption, {"a": UnsureItem("t", "Ring", two, "Two are there.")})
    assert links.candidates_of(adoption) == {"a": two}
    cell = StandardCell.get()
    assert (cell.state, cell.why) == ("unsure", "Two are there.")
    many = [[str(number), "Ring"] for number in range(30)]
    links.save_unsure(adoption, {"a": UnsureItem("t", "Ring", many, "Thirty.")})
    assert links.candidates_of(adoption) == {"a": many[:20]}
    links.save_unsure(adoption, {}, settled=["a", "b"])
    assert links.candidates_of(adoption) == {}
