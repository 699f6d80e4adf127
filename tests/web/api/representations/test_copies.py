"""A set that was deleted here is told by its number, which stays."""

from db.clock import utcnow
from db.models import CopiedSet
from web.api.representations import copies


def test_a_set_that_is_gone_here_keeps_its_number():
    row = CopiedSet(id=1, set_number=41, directory_id="d", tenant_name="Contoso", state="complete", set_at=utcnow())
    [told] = copies.sets([row])
    assert (told["number"], told["backup_set"], told["run"]) == (41, None, None)
