"""Who is in none of a roll-out's tenants is refused, and that is audited."""

import pytest

from db.audit.audit import SYSTEM
from db.models import AuditEvent
from db.rollouts import rollouts
from db.standards import adoptions
from db.states import Ring, RollOutKind
from tests.support.rolled_out import make_standard, make_version

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_each_reader_gets_the_parts_of_their_tenants_and_who_has_none_is_refused(client, sign_in, cast):
    standard = make_standard()
    version = make_version(standard)
    adoptions.adopt(standard, cast.contoso, Ring.PILOT, SYSTEM)
    rollout = rollouts.create(standard, version, Ring.PILOT, RollOutKind.ROLL_OUT, [cast.contoso.id], SYSTEM)
    for person, status in ((cast.root, 200), (cast.rita, 200), (cast.sam, 403), (cast.audra, 403)):
        sign_in(client, person)
        for path in (f"/rollouts/{rollout.id}", f"/standards/{standard.id}/roll-outs"):
            assert client.get(path).status_code == status, (person.name, path)
    assert AuditEvent.select().where(AuditEvent.action == "access:refused").count() == 4
    sign_in(client, cast.root)
    for made_up in ("99", "0", "x"):
        assert client.get(f"/rollouts/{made_up}").status_code == 404
