from datetime import timedelta

import pytest

from actors.copies.git.authors import authors_of
from db.clock import utcnow
from db.models import Change, Policy, Restore
from tests.actors.copies.git.test_pushing import change

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_who_changed_most_is_first_and_no_name_breaks_a_line(cast):
    first, second = Policy.select().where(Policy.tenant == cast.contoso).limit(2)
    start = utcnow()
    doers = ["bob@contoso.example", "anna@contoso.example", "anna@contoso.example", "Eve\n<root@x> \u202e", "<>"]
    for number, who in enumerate(doers):
        change(first, who, start + timedelta(minutes=10 * number + 1))
    change(second, "someone@else.example", start + timedelta(minutes=1))

    def told(graph_ids=(first.graph_id,), until=100):
        found = authors_of(cast.contoso, graph_ids, start, start + timedelta(minutes=until))
        return [str(author) for author in found]

    anna, bob = (f"{name}@contoso.example <{name}@contoso.example>" for name in ("anna", "bob"))
    assert told() == [anna, bob, "Eve root@x <unknown@tenantkeep.invalid>"]
    assert told(until=5) == [bob]
    assert told(()) == []
    # A restore of ours is its person's, whatever app of ours the tenant's log names.
    restore = Restore.create(
        tenant=cast.contoso, source_directory_id="d", source_name="x", options={}, created_by=cast.max, selection={}
    )
    Change.update(restore_id=restore.id).where(Change.policy == second).execute()
    assert f"{cast.max.name} <{cast.max.email}>" in told((second.graph_id,))
