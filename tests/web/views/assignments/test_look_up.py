"""The pages of a look-up: a mistake loses nothing, what was found is for operators alone, and goes after a while."""

import csv
import io

import pytest

from db.assignments import look_ups
from db.audit.audit import SYSTEM
from db.models import AssignmentLookUp, Policy, Run
from db.runs import claims, completion, runs
from db.states import RunKind
from tests.support.captures import capture_by_hand
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
GROUP, FILTER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def target(kind, object_id="", **others):
    base = {"kind": kind, "object_id": object_id, "is_excluded": False, "place": "assignment", "intent": "",
            "filter_id": None, "filter_mode": "", "is_gone": False, "terms": None}  # fmt: skip
    return {**base, **others}


@pytest.fixture
def looked_up(cast, captured):
    """A run of Contoso's that found three policies of somebody's, one of which is gone since."""
    one, two = captured[0][0], captured[1][0]
    Policy.update(name="=Wi-Fi").where(Policy.id == two.id).execute()
    laptops = Policy.create(tenant=cast.contoso, policy_type="assignmentFilters", graph_id=FILTER, name="Laptops")
    capture_by_hand(laptops, SYSTEM, {"displayName": "Laptops", "rule": '(device.model -eq "X")'})
    run = runs.start(tenant=cast.contoso, kind=RunKind.LOOK_UP, dedupe_key="x", items=[], actor=SYSTEM).run
    filtered = target("group", GROUP, filter_id=FILTER, filter_mode="include")
    policies = [
        {"policy": one.id, "verdict": "excluded", "reasons": [target("group", GROUP, is_excluded=True)], "open": []},
        {"policy": two.id, "verdict": "filtered", "reasons": [filtered], "open": []},
        {"policy": 999_999, "verdict": "included", "reasons": [target("all users")], "open": [target("role", "r")]},
    ]
    found = {"name": "Ann Auer", "at": "2026-01-01T00:00:00", "group_count": 7, "groups": {GROUP: "SG-Staff"},
             "policies": policies}  # fmt: skip
    look_ups.create(run, {"kind": "person", "name": "ann@contoso.example", "found": found})
    completion.finish(claims.take_claim(run.id, RunKind.LOOK_UP))
    return run


def test_the_page_says_for_each_policy_why(client, sign_in, cast, looked_up):
    address = f"/assignments/look-up/{looked_up.id}"
    page = sign_in(client, cast.ada).get(address).get_data(as_text=True)
    for said in ("<h1>Ann Auer</h1>", "In 7 groups, 1 of which", "Excluded because of: Group SG-Staff",
                 "Included by Group SG-Staff, if its filter lets it", "(device.model -eq &#34;X&#34;)",
                 "It is gone since.", "Unless, for nobody read it: Role r"):  # fmt: skip
        assert said in page, said
    assert page.index("Excluded ·") < page.index("Depends on a filter ·") < page.index("Included ·")
    head, *rows = csv.reader(io.StringIO(client.get(f"{address}/export.csv").get_data(as_text=True)))
    assert [dict(zip(head, row, strict=True))["policy"] for row in rows][1] == "'=Wi-Fi"
    assert len(rows) == 3
    for person in (cast.rita, cast.sam):
        for of_person in (address, f"{address}/export.csv"):
            assert sign_in(client, person).get(of_person).status_code == 403
    AssignmentLookUp.delete().execute()
    assert "kept no longer" in sign_in(client, cast.ada).get(address).get_data(as_text=True)


def test_a_mistake_loses_nothing_and_another_tenant_is_refused(client, sign_in, cast, captured):
    address = "/assignments/look-up/"
    sign_in(client, cast.ada)
    typed = {"csrf_token": csrf_token(client, address), "tenant": "Contoso", "kind": "person", "name": "no user <name>"}
    answer = client.post(address, data=typed)
    assert answer.status_code == 400
    assert 'value="no user &lt;name&gt;"' in answer.get_data(as_text=True)
    assert client.post(address, data={**typed, "tenant": str(cast.fabrikam.id)}).status_code == 403
    before = Run.select().count()
    started = client.post(address, data={**typed, "name": "ann@contoso.example"})
    assert started.status_code == 303
    run = Run.select().order_by(Run.id.desc()).get()
    assert (Run.select().count(), started.location) == (before + 1, f"/assignments/look-up/{run.id}")
    assert "under way" in client.get(started.location).get_data(as_text=True)
